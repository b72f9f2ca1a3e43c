"""The physics: electrons, positrons and photons by those models of Geant4 that need no data files.

The standard list (G4EmStandardPhysics) reads tables of the set G4EMLOW. Without them,

- bremsstrahlung follows the relativistic model (LPM effect, dielectric suppression), which ends at electrons of 1 MeV:
  below they do not radiate. The standard takes the tables of Seltzer and Berger from 1 keV to 1 GeV;
- conversion follows G4PairProductionRelModel at all energies, where the standard takes Bethe-Heitler in its
  five-dimensional form below 80 GeV;
- the photoelectric effect follows the parametrised cross sections of G4PEEffectFluoModel in place of Livermore's;
- multiple scattering is Urban's at all energies, where the standard joins Wentzel's model and single scattering to it
  above 100 MeV;
- there is no Rayleigh scattering and no fluorescence.

Ionisation (Moller, Bhabha, with fluctuations), Compton scattering (Klein-Nishina) and annihilation need no data.
"""

import geant4_pybind as g4

from replication.datasets.geant4 import native

PRODUCTION_CUT_MM = 0.1  # range below which secondaries are not followed; the silicon is 0.5 mm thick


class ModelsWithoutData(g4.G4VUserPhysicsList):
    """A physics list of G4Gamma, G4Electron and G4Positron."""

    def __init__(self) -> None:
        super().__init__()
        self.SetVerboseLevel(0)
        parameters = g4.G4EmParameters.Instance()
        parameters.SetVerbose(0)
        parameters.SetFluo(False)
        parameters.SetGeneralProcessActive(False)  # one process for all of a photon's, which would replace ours

    def ConstructParticle(self) -> None:
        """Define the particles; Geant4's table of cuts asks for protons too."""
        for particle in (g4.G4Gamma, g4.G4Electron, g4.G4Positron, g4.G4Proton):
            particle.Definition()

    def ConstructProcess(self) -> None:
        """Register the processes, each with its one model where Geant4's own choice would read data."""
        native.add_transportation()
        conversion = native.model("G4PairProductionRelModel", "BetheHeitlerLPM", of_particle=True)
        for name, label, model in (
            ("G4PhotoElectricEffect", "phot", native.model("G4PEEffectFluoModel", "PhotoElectric")),
            ("G4ComptonScattering", "compt", native.model("G4KleinNishinaModel", "KleinNishina")),
            ("G4GammaConversion", "conv", conversion),
        ):
            process = native.process(name, label, typed=True)
            native.set_model("G4VEmProcess", process, model)
            native.register(process, "G4Gamma")
        for particle in ("G4Electron", "G4Positron"):
            scattering = native.process("G4eMultipleScattering", "msc")
            native.set_model("G4VMultipleScattering", scattering, native.model("G4UrbanMscModel", "UrbanMsc"))
            native.register(scattering, particle)
            native.register(native.process("G4eIonisation", "eIoni"), particle)
            radiation = native.process("G4eBremsstrahlung", "eBrem")
            relativistic = native.model("G4eBremsstrahlungRelModel", "eBremLPM", of_particle=True)
            native.set_model("G4VEnergyLossProcess", radiation, relativistic)
            native.register(radiation, particle)
        native.register(native.process("G4eplusAnnihilation", "annihil"), "G4Positron")

    def SetCuts(self) -> None:
        """The same range cut for every particle."""
        self.SetDefaultCutValue(PRODUCTION_CUT_MM * g4.mm)
        self.SetCutsWithDefault()

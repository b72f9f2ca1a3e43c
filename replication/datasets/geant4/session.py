"""Geant4 in this process: initialised once, then any number of showers, each with random numbers of its own."""

from collections.abc import Callable, Sequence

import geant4_pybind as g4
import numpy as np

from replication.datasets.geant4.detector import FRONT_MM, NAME, QUANTITY, Calorimeter
from replication.datasets.geant4.physics import ModelsWithoutData
from replication.datasets.showers import CELLS, LAYERS

KEV_PER_MEV = 1000  # the quantum of the counts is 1 keV


class Gun(g4.G4VUserPrimaryGeneratorAction):
    """Starts every particle along z, after the random engine has been seeded for its shower."""

    def __init__(self) -> None:
        super().__init__()
        self.particle = "e-"
        self.showers: Sequence[Sequence[float]] = ()
        self.gun = g4.G4ParticleGun(1)
        self.gun.SetParticleMomentumDirection(g4.G4ThreeVector(0, 0, 1))

    def GeneratePrimaries(self, event: g4.G4Event) -> None:
        """Geant4 asks for the particle of an event."""
        energy, x, y, *seeds = self.showers[event.GetEventID()]
        g4.HepRandom.setTheSeeds([*seeds, 0], len(seeds))  # a zero ends the list
        self.gun.SetParticleDefinition(g4.G4ParticleTable.GetParticleTable().FindParticle(self.particle))
        self.gun.SetParticleEnergy(energy * g4.MeV)
        self.gun.SetParticlePosition(g4.G4ThreeVector(x * g4.mm, y * g4.mm, -FRONT_MM * g4.mm))
        self.gun.GeneratePrimaryVertex(event)


class ReadOut(g4.G4UserEventAction):
    """Rounds the energy in every cell to whole keV."""

    def __init__(self, report: Callable[[], object]) -> None:
        super().__init__()
        self.counts: list[np.ndarray] = []
        self.report = report

    def EndOfEventAction(self, event: g4.G4Event) -> None:
        """Geant4 has finished an event."""
        collection = g4.G4SDManager.GetSDMpointer().GetCollectionID(f"{NAME}/{QUANTITY}")
        energies = np.zeros(LAYERS * CELLS**2)
        for cell, energy in event.GetHCofThisEvent().GetHC(collection):
            energies[cell] = energy / g4.MeV
        self.counts.append(np.rint(energies * KEV_PER_MEV).astype(np.uint32).reshape(LAYERS, CELLS, CELLS))
        self.report()


class Actions(g4.G4VUserActionInitialization):
    """Hands the gun and the read-out to Geant4."""

    def __init__(self, *actions: object) -> None:
        super().__init__()
        self.actions = actions

    def Build(self) -> None:
        """Geant4 asks for them."""
        for action in self.actions:
            self.SetUserAction(action)


class Session:
    """Geant4, initialised; there can be one in a process. `report` is called after each shower."""

    def __init__(self, report: Callable[[], object]) -> None:
        self.manager = g4.G4RunManagerFactory.CreateRunManager(g4.G4RunManagerType.Serial)
        self.volumes, self.physics = Calorimeter(), ModelsWithoutData()
        self.manager.SetUserInitialization(self.volumes)
        self.manager.SetUserInitialization(self.physics)
        self.gun, self.read_out = Gun(), ReadOut(report)  # Geant4 forbids them before it has physics
        self.actions = Actions(self.gun, self.read_out)
        self.manager.SetUserInitialization(self.actions)
        self.manager.Initialize()

    def simulate(self, particle: str, showers: Sequence[Sequence[float]]) -> np.ndarray:
        """Counts (n, layers, rows, columns) uint32 of 1 keV in the silicon of every cell.

        showers: [energy in MeV, x in mm, y in mm, four random seeds] each; (0, 0) is the middle of the central cell.
        """
        self.gun.particle, self.gun.showers = particle, showers
        self.read_out.counts = []
        self.manager.BeamOn(len(showers))
        return np.stack(self.read_out.counts)

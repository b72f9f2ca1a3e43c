"""The calorimeter: the plates and cells of `showers`, in the style of the CLIC electromagnetic calorimeter.

25 layers: a plate of tungsten (17 of 2.4 mm, then 8 of 4.8 mm: 22.6 radiation lengths) and behind it a gap of 3 mm
with 0.5 mm of silicon, divided into 25x25 cells of 5.1 mm. The rest of the gap is filled with circuit board: air there
would let electrons of grazing incidence run far along the gaps, and showers would be half as wide again. Lengths in mm.
"""

import geant4_pybind as g4

from replication.datasets.showers import CELL_MM, CELLS, LAYERS, TUNGSTEN_MM

GAP_MM, SILICON_MM = 3.0, 0.5
BOARD_BEFORE_SILICON_MM = 1.0
PLATE_SIDE_MM = 300.0
WORLD_SIDE_MM = 600.0
FRONT_MM = 10.0  # in front of the first plate, where particles start
NAME, QUANTITY = "calorimeter", "energy"


class Calorimeter(g4.G4VUserDetectorConstruction):
    """Plates and sensors along z, from z = 0 on; each silicon layer is replicated into rows (y) and cells (x)."""

    def Construct(self) -> g4.G4VPhysicalVolume:
        """Build all volumes."""
        materials = g4.G4NistManager.Instance()
        air, tungsten, silicon = (materials.FindOrBuildMaterial(f"G4_{name}") for name in ("AIR", "W", "Si"))
        depth = float(TUNGSTEN_MM.sum()) + LAYERS * GAP_MM
        self.kept: list[object] = []  # Geant4 does not own what Python made

        world = self._box("world", WORLD_SIDE_MM, WORLD_SIDE_MM, 2 * depth + 4 * FRONT_MM, air)
        top = self._place(world, 0.0, None)
        body = self._box("body", PLATE_SIDE_MM, PLATE_SIDE_MM, depth, _board(materials))
        self._place(body, depth / 2, world)
        plates = {t: self._box(f"plate {t}", PLATE_SIDE_MM, PLATE_SIDE_MM, t, tungsten) for t in set(TUNGSTEN_MM)}
        side = CELLS * CELL_MM
        sensor = self._box("sensor", side, side, SILICON_MM, silicon)
        row = self._box("row", side, CELL_MM, SILICON_MM, silicon)
        self.cell = self._box("cell", CELL_MM, CELL_MM, SILICON_MM, silicon)
        self.kept += [
            g4.G4PVReplica("row", row, sensor, g4.kYAxis, CELLS, CELL_MM),
            g4.G4PVReplica("cell", self.cell, row, g4.kXAxis, CELLS, CELL_MM),
        ]
        front = -depth / 2  # of the layer, in the coordinates of the body
        for layer, thickness in enumerate(TUNGSTEN_MM):
            self._place(plates[thickness], front + thickness / 2, body, layer)
            behind = thickness + BOARD_BEFORE_SILICON_MM + SILICON_MM / 2
            self._place(sensor, front + behind, body, layer)
            front += thickness + GAP_MM
        return top

    def ConstructSDandField(self) -> None:
        """Let Geant4 sum the energy deposited in each cell: index (layer * CELLS + row) * CELLS + column."""
        detector = g4.G4MultiFunctionalDetector(NAME)
        # the copy numbers of the layer, the row and the cell lie 2, 1 and 0 volumes up from the cell
        scorer = g4.G4PSEnergyDeposit3D(QUANTITY, LAYERS, CELLS, CELLS, 2, 1, 0)
        detector.RegisterPrimitive(scorer)
        g4.G4SDManager.GetSDMpointer().AddNewDetector(detector)
        self.SetSensitiveDetector(self.cell, detector)
        self.kept += [detector, scorer]

    def _box(self, name: str, x: float, y: float, z: float, material: g4.G4Material) -> g4.G4LogicalVolume:
        box = g4.G4Box(name, x / 2 * g4.mm, y / 2 * g4.mm, z / 2 * g4.mm)
        volume = g4.G4LogicalVolume(box, material, name)
        self.kept += [box, volume]
        return volume

    def _place(
        self, volume: g4.G4LogicalVolume, z: float, mother: g4.G4LogicalVolume | None, number: int = 0
    ) -> g4.G4VPhysicalVolume:
        at = g4.G4ThreeVector(0, 0, z * g4.mm)
        placed = g4.G4PVPlacement(None, at, volume, volume.GetName(), mother, False, number)
        self.kept.append(placed)
        return placed


def _board(materials: g4.G4NistManager) -> g4.G4Material:
    """Circuit board as fibre-glass epoxy is: by mass 60 % silicon dioxide and 40 % epoxy C21H24O4, 1.8 g/cm3."""
    epoxy = g4.G4Material("epoxy", 1.2 * g4.g / g4.cm3, 3)
    for symbol, atoms in (("C", 21), ("H", 24), ("O", 4)):
        epoxy.AddElement(materials.FindOrBuildElement(symbol), atoms)
    board = g4.G4Material("board", 1.8 * g4.g / g4.cm3, 2)
    board.AddMaterial(materials.FindOrBuildMaterial("G4_SILICON_DIOXIDE"), 0.6)
    board.AddMaterial(epoxy, 0.4)
    return board

"""Electromagnetic showers simulated by Geant4: electrons of 1 to 10 GeV in a silicon-tungsten calorimeter.

Geant4 itself, from the wheel `geant4-pybind`, follows every electron, positron and photon. It runs without data files,
so it is "Geant4, electromagnetic models without data files" and not a standard physics list; see `physics`.
Sources: S. Agostinelli et al., NIM A 506 (2003) 250; J. Allison et al., NIM A 835 (2016) 186; the Geant4 Physics
Reference Manual, release 11.
"""

"""Geant4's electromagnetic processes, which `geant4_pybind` does not bind, built through the symbols that it exports.

The wheel holds all of Geant4 in one shared library and exports the C++ names (Itanium ABI, as GCC and Clang mangle
them), so `ctypes` can call constructors and members that Python cannot name. Objects are never freed: they
belong to Geant4 and live as long as the process.
"""

import ctypes
from ctypes import c_bool, c_int, c_uint64, c_void_p

import geant4_pybind

_LIBRARY = ctypes.CDLL(geant4_pybind.__file__)
_LIBC = ctypes.CDLL(None)
_LIBC.calloc.argtypes, _LIBC.calloc.restype = (ctypes.c_size_t, ctypes.c_size_t), c_void_p
_OBJECT_BYTES = 65_536  # more than any of these classes takes; their true sizes are known to the compiler alone
_ELECTROMAGNETIC = 2  # G4ProcessType
_STANDARD_MODEL = 0  # index under which a process keeps its first model
_kept: list[ctypes.Array] = []


def process(name: str, label: str, typed: bool = False) -> c_void_p:
    """A new process of class `name`, called `label`; `typed` where its constructor also asks for a G4ProcessType."""
    suffix, more = ("13G4ProcessType", (c_int(_ELECTROMAGNETIC),)) if typed else ("", ())
    return _construct(f"_ZN{_mangled(name)}C1ERK8G4String{suffix}", _string(label), *more)


def model(name: str, label: str, of_particle: bool = False) -> c_void_p:
    """A new model of class `name`; `of_particle` where its constructor also asks for a particle, which may be null."""
    prefix, more = ("PK20G4ParticleDefinition", (c_void_p(None),)) if of_particle else ("", ())
    return _construct(f"_ZN{_mangled(name)}C1E{prefix}RK8G4String", *more, _string(label))


def set_model(base: str, process: c_void_p, model: c_void_p) -> None:
    """Make `model` the process's only one; `base` is the class of Geant4 that the process is derived from."""
    member = {
        "G4VMultipleScattering": "10SetEmModelEP11G4VMscModeli",
        "G4VEnergyLossProcess": "10SetEmModelEP10G4VEmModeli",
        "G4VEmProcess": "10SetEmModelEP10G4VEmModeli",
    }[base]
    _call(f"_ZN{_mangled(base)}{member}", process, model, c_int(_STANDARD_MODEL))


def add_transportation() -> None:
    """Give every particle that is defined the process that moves it."""
    _call("_ZN19G4PhysicsListHelper17AddTransportationEv", _helper())


def register(process: c_void_p, particle: str) -> None:
    """Give the process to `particle`, a class of Geant4 such as G4Electron, in Geant4's own order of processes.

    RuntimeError if Geant4 refuses.
    """
    short = particle.removeprefix("G4")
    definition = _call(f"_ZN{_mangled(particle)}{len(short)}{short}Ev", result=c_void_p)
    name = "_ZN19G4PhysicsListHelper15RegisterProcessEP10G4VProcessP20G4ParticleDefinition"
    if not _call(name, _helper(), process, c_void_p(definition), result=c_bool):
        raise RuntimeError(f"Geant4 refuses a process of {particle}")


def _helper() -> c_void_p:
    return c_void_p(_call("_ZN19G4PhysicsListHelper20GetPhysicsListHelperEv", result=c_void_p))


def _mangled(name: str) -> str:
    return f"{len(name)}{name}"


def _call(symbol: str, *arguments: c_void_p | c_int, result: type[c_void_p] | type[c_bool] | None = None) -> int | None:
    """Call an exported function: an address (None if null), a truth value or nothing; AttributeError if absent."""
    function = _LIBRARY[symbol]
    function.restype = result
    return function(*arguments)


def _construct(symbol: str, *arguments: c_void_p | c_int) -> c_void_p:
    place = c_void_p(_LIBC.calloc(1, _OBJECT_BYTES))
    _call(symbol, place, *arguments)
    return place


def _string(text: str) -> c_void_p:
    """A G4String, which is a std::string of libstdc++: where the text is, its length, its capacity, spare room."""
    content = ctypes.create_string_buffer(text.encode())
    string = (c_uint64 * 4)(ctypes.addressof(content), len(text), len(text), 0)
    _kept.extend((content, string))
    return ctypes.cast(string, c_void_p)

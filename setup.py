"""The compiled loop: optional, so that the package installs without a compiler, and abi3, so that one wheel fits all."""

import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

FLAGS = {
    "win32": ["/O2", "/std:c11"],
    "linux": ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"],
}
COMMON = ["-O3", "-std=c11", "-fno-math-errno", "-fno-trapping-math"]
MSVC = sys.platform == "win32"

MISSING = """
**********************************************************************
torch_binmetrics: the compiled counting loop could not be built, see the
errors above. Everything works without it, with the same counts, but an
update takes many times as long. Install a C compiler and install again;
torch_binmetrics.backend() tells which loop counts.
**********************************************************************
"""


class BuildLoop(build_ext):
    """Says so where the loop could not be built, and goes on as a package of Python alone."""

    def run(self) -> None:
        """Build what can be built."""
        super().run()
        if not all(Path(self.get_ext_fullpath(extension.name)).exists() for extension in self.extensions):
            print(MISSING, file=sys.stderr)
            self.distribution.ext_modules = []


class Wheel(bdist_wheel):
    """Is for any platform where there is no loop in it."""

    def run(self) -> None:
        """Build the loop first, to know which wheel it is."""
        self.run_command("build_ext")
        self.root_is_pure = not self.distribution.has_ext_modules()
        super().run()


setup(
    ext_modules=[
        Extension(
            "torch_binmetrics.counting._cpu",
            ["torch_binmetrics/counting/_cpu.c"],
            extra_compile_args=FLAGS.get(sys.platform, []) + ([] if MSVC else COMMON),
            extra_link_args=["-Wl,-z,relro,-z,now"] if sys.platform == "linux" else [],
            libraries=[] if MSVC else ["m"],
            py_limited_api=True,
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildLoop, "bdist_wheel": Wheel},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

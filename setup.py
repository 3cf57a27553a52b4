"""The compiled loop: optional, so that the package installs without a compiler, and abi3, so that one wheel fits all."""

import sys

from setuptools import Extension, setup

MSVC = sys.platform == "win32"
FLAGS = ["/O2", "/std:c11"] if MSVC else ["-O3", "-std=c11", "-fno-math-errno", "-fno-trapping-math"]

setup(
    ext_modules=[
        Extension(
            "torch_binmetrics.counting._cpu",
            ["torch_binmetrics/counting/_cpu.c"],
            extra_compile_args=FLAGS,
            libraries=[] if MSVC else ["m"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

"""``python -m benchmarks.kernel``: registers, spills and shared memory of the kernel, compiled for cards that are not here."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ["TRITON_INTERPRET"] = "0"  # before Triton is imported: the interpreter compiles nothing

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from benchmarks.gpu import LAYOUTS
from torch_binmetrics import Groups, Layout
from torch_binmetrics.counting import triton_kernel
from torch_binmetrics.counting.plans import by_row, plan_of

TARGETS = [GPUTarget("cuda", arch, 32) for arch in (80, 90, 100)] + [GPUTarget("hip", "gfx942", 64)]
PTXAS = Path(triton.__file__).parent / "backends/nvidia/bin"


def compiled(layouts: list[Layout], target: GPUTarget) -> tuple[str, str, int]:
    """Registers, spills and bytes of shared memory of the kernel for layouts: float32 scores and weights, int64 labels."""
    plans = tuple(map(plan_of, layouts))
    states = tuple("*fp64" if plan.real else "*i64" for plan in plans)
    edges = tuple("*fp32" if plan.edges else state for plan, state in zip(plans, states, strict=True))
    signature: dict[str, object] = {"preds": "*fp32", "target": "*i64", "weight": "*fp32", "group": "*i64"}
    signature |= {"states": states, "edges": edges, "samples": "i32", "plans": "constexpr"}
    rows = layouts[0].rows
    constants = {"plans": triton_kernel.plans_of(plans, by_row(rows))}
    if not isinstance(rows, Groups):
        signature["group"], constants["group"] = "constexpr", None
    if not any(layout.weighted for layout in layouts):
        signature["weight"], constants["weight"] = "constexpr", None
    source = ASTSource(triton_kernel.kernel, signature=signature, constexprs=constants)
    options = {"num_warps": triton_kernel.WARPS, "enable_fp_fusion": False}
    built = triton.compile(source, target=target, options=options)
    registers, spills = of_amd(built.asm["amdgcn"]) if target.backend == "hip" else of_nvidia(built.asm["ptx"], target.arch)
    return registers, spills, built.metadata.shared


def of_nvidia(ptx: str, arch: int) -> tuple[str, str]:
    """Registers and bytes of spills, as ptxas tells them."""
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(ptx)
        file.flush()
        newer = PTXAS / "ptxas-blackwell"  # where Triton brings two, for cards from Hopper on
        program = newer if arch >= 90 and newer.exists() else PTXAS / "ptxas"
        name = f"sm_{arch}a" if arch >= 90 else f"sm_{arch}"
        command = [program, "-v", f"--gpu-name={name}", file.name, "-o", "/dev/null"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return found(r"Used (\d+) registers", told), found(r"(\d+) bytes spill stores", told)


def of_amd(assembly: str) -> tuple[str, str]:
    """Vector registers and how many of them are spilt."""
    return found(r"\.vgpr_count: *(\d+)", assembly), found(r"\.vgpr_spill_count: *(\d+)", assembly)


def found(pattern: str, text: str) -> str:
    """What a pattern finds; an error if it finds nothing."""
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"{pattern!r} is not in what the compiler says: {text[-500:]}")
    return match[1]


def rows() -> Iterator[str]:
    """A row for each layout and card."""
    yield "| counted | for | registers | spills | shared memory |\n| --- | --- | ---: | ---: | ---: |"
    for name, layouts in LAYOUTS.items():
        for target in TARGETS:
            registers, spills, shared = compiled(layouts, target)
            yield f"| {name} | {target.backend} {target.arch} | {registers} | {spills} | {shared} |"


if __name__ == "__main__":
    print("\n".join(rows()))

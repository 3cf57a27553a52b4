PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN = .venv/bin
# Say UV= to install by pip where uv is there as well.
UV ?= $(shell command -v uv)
INSTALL = $(if $(UV),$(UV) pip install --python $(BIN)/python,$(BIN)/pip install --disable-pip-version-check) -c constraints.txt
SOURCES = pyproject.toml setup.py constraints.txt torch_binmetrics/counting/_cpu.c
RANKS ?= 2
WORKERS ?= 2
BATCHES ?= 100000
MUTANTS ?= 300
# The environment of `make installed`, and the torch to put into it.
FRESH ?= build/fresh
TORCH ?= torch

.PHONY: demo test multinode quick cuda float64 peers lint types sanitized sanitize fuzz mutants docs smoke bench dist installed system-torch clean

demo: .venv/demo
	OMP_NUM_THREADS=1 $(BIN)/torchrun --standalone --nproc-per-node $(RANKS) examples/flights.py

# Tests that start processes of their own come last, with all cores for themselves.
test: .venv/ready
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not processes and not benchmarks"
	$(BIN)/python -m pytest -q -m processes

# The inner loop: the laws on few examples, the oracles, no framework and no process.
quick: .venv/ready
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not processes and not slow" --hypothesis-profile quick

# Where there is a GPU and a torch for it: everything there is what it is on CPU, and no update waits.
cuda: .venv/ready
	TRITON_INTERPRET=0 $(BIN)/python -m pytest -q tests/test_cuda.py

# Once more where torch makes float64 tensors unless told otherwise; other tests make float32 scores by that default.
FLOAT64 = accelerator bounds collection defaults faults lookup operating_points recent report rows state
float64: .venv/ready
	TORCH_BINMETRICS_TEST_DTYPE=float64 $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not processes and not slow" \
		--hypothesis-profile quick $(FLOAT64:%=tests/test_%.py)

# torchmetrics' own tests on the drop-in classes: TORCHMETRICS_TESTS is the folder `tests` of its sources, PEERS what to run there.
# They need cachier, and netcal and fairlearn for some files; USE_PYTEST_POOL=1 plays them on two processes.
PEERS ?= unittests/classification unittests/bases unittests/wrappers integrations -k "Binary or binary or not Multi"
peers: .venv/ready
	test -n "$(TORCHMETRICS_TESTS)" || { echo "set TORCHMETRICS_TESTS to the folder tests of torchmetrics' sources"; exit 1; }
	cd $(TORCHMETRICS_TESTS) && PYTHONPATH=$(CURDIR):$(CURDIR)/tests $(abspath $(BIN)/python) -m pytest -q -c /dev/null --rootdir=. \
		-p no:cacheprovider -p torchmetrics_swap -W ignore $(PEERS)

# Nodes as network namespaces; skipped, with the reason, where there can be none. They are a part of make test, too.
multinode: .venv/ready
	$(BIN)/python -m pytest -q -rs tests/multinode

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# A user's script, by two type checkers; mypy runs where it sees the package only as it is installed.
types: .venv/ready
	cd tests && ../$(BIN)/mypy --strict --config-file= --cache-dir ../.mypy_cache test_types.py
	cd tests && ../$(BIN)/pyright --pythonpath ../$(BIN)/python test_types.py

# The compiled loop under -Werror and the sanitizers; libasan has to come before Python, which leaks at exit by design. (`python -m` would put this folder before PYTHONPATH.)
UNDER_SANITIZERS = PYTHONPATH=build/sanitized ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$$($(CC) -print-file-name=libasan.so)

sanitized: .venv/ready
	rm -rf build/sanitized && mkdir -p build/sanitized && cp -r torch_binmetrics build/sanitized
	rm -f build/sanitized/torch_binmetrics/counting/_cpu*.so
	$(CC) -std=c11 -O1 -g -Wall -Wextra -Werror -fno-omit-frame-pointer -fsanitize=address,undefined \
		-fno-sanitize-recover=all -fPIC -shared \
		-I$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_paths()['include'])") \
		torch_binmetrics/counting/_cpu.c -lm -o build/sanitized/torch_binmetrics/counting/_cpu.abi3.so

sanitize: sanitized
	$(UNDER_SANITIZERS) $(BIN)/pytest -q -p no:cacheprovider tests/test_compiled.py
	$(UNDER_SANITIZERS) $(BIN)/python tests/fuzz.py 2000

# Every night: random batches, under the sanitizers or, with UNDER_SANITIZERS= after it, by the loop as it is installed.
fuzz: sanitized
	$(UNDER_SANITIZERS) $(BIN)/python tests/fuzz.py $(BATCHES)

# Small changes of the code, one at a time: which of them does no test notice? An hour or two on one core; goes on where it stopped.
mutants: .venv/ready
	$(BIN)/python tests/mutants.py --draw $(MUTANTS)

# The site, in build/site: any warning, broken link or thing to fetch from elsewhere is an error.
docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

# Every benchmark on small batches, so that none rots unseen.
smoke: .venv/ready
	$(BIN)/python -m pytest -q -n $(WORKERS) -m benchmarks

bench: .venv/bench
	$(BIN)/python -m benchmarks

# The source distribution, and the wheel built from it.
dist: .venv/ready
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

# What users get: the wheel where nothing else of ours is, under the tests that the source distribution brings.
# make installed PYTHON=python3.13 TORCH='torch==2.14.*'
FRAMEWORKS = accelerate docs huggingface ignite lightning mlflow package plots tensorboard
UNPACK = rm -rf build/unpacked && mkdir -p build/unpacked && tar -xzf dist/*.tar.gz -C build/unpacked --strip-components 1
AS_INSTALLED = cd build/unpacked && rm -r torch_binmetrics && $(abspath $(FRESH))/bin/pytest -q -n $(WORKERS) \
	-m "not processes and not slow" --hypothesis-profile quick $(FRAMEWORKS:%=--ignore-glob="tests/*%*.py") tests
installed: dist
	test -d $(FRESH) || $(PYTHON) -m venv $(FRESH)
	mkdir -p build && grep -v "^torch==" constraints.txt > build/constraints.txt
	$(FRESH)/bin/pip install -c build/constraints.txt "$(TORCH)" "torch_binmetrics[test] @ file://$$(ls $(CURDIR)/dist/*.whl)"
	$(UNPACK)
	$(AS_INSTALLED)

# The same where the system brings torch: Debian 13 has 2.6, the lowest that we support, for Python 3.13.
system-torch:
	test -d $(FRESH) || $(PYTHON) -m venv --system-site-packages $(FRESH)
	$(FRESH)/bin/pip install ".[test]" build
	$(FRESH)/bin/pip uninstall -y triton  # with this one, torch 2.6 cannot compile
	rm -rf dist && $(FRESH)/bin/python -m build --sdist --outdir dist .
	$(UNPACK)
	$(AS_INSTALLED)

.venv/bench: .venv/ready
	$(INSTALL) -e ".[bench]"
	touch $@

.venv/ready: $(SOURCES) | .venv
	@echo "Installing the package and all that develops it into .venv; make demo needs less."
	$(INSTALL) -e ".[dev]"
	touch $@ .venv/demo

.venv/demo: $(SOURCES) | .venv
	@echo "Installing the package and what the demo needs into .venv, once."
	$(INSTALL) -e ".[examples]"
	touch $@

.venv:
	$(PYTHON) -m venv $@

clean:
	rm -rf .venv runs build dist *.egg-info

# `make run` and `make test` set up everything they need on a fresh Debian 12 machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RELEASE := $(VENV)/.release
WINDOWS := $(VENV)/windows/.ready
THREADS ?= $(shell nproc)

.PHONY: run test quick check exactness windows sanitize fuzz figures kills report-check release-check clean
.DEFAULT_GOAL := run

# One work unit's whole life: issue, compute, validate, assimilate, finding and plot, report, all under out/.
run: $(READY)
	@mkdir -p out
	$(BIN)/axiom-server --data out/data init
	$(BIN)/axiom-server --data out/data make-wu compgen --first 1000 --count 32 --out out/wu.json
	$(BIN)/axiom-worker run out/wu.json --out out/result.msgpack --threads $(THREADS)
	$(BIN)/axiom-server --data out/data validate out/result.msgpack
	$(BIN)/axiom-server --data out/data assimilate 1 out/result.msgpack
	$(BIN)/axiom-server --data out/data findings compgen --plots out
	$(BIN)/axiom-server --data out/data report --out out/report.html

test: $(RELEASE) $(WINDOWS) check
	.ci/apt-install boinc-client libboinc-app-dev g++ libfuse3-dev pkg-config libfaketime strace mariadb-server binutils \
		libpython3.11 locales wine64
	$(BIN)/python -m pytest --numprocesses $(THREADS) --no-loadscope-reorder

# While you write: lint, types, and the tests that need neither client, build nor minutes.
QUICK := $(addprefix tests/kernels/,claims formats measures programs tasks) $(wildcard tests/kernels/test_*.py) \
	$(addprefix tests/server_validator/,dataset ledger reporting) $(wildcard tests/test_[efru]*.py)
quick: check
	$(BIN)/python -m pytest --quiet --numprocesses $(THREADS) --no-loadscope-reorder $(QUICK)

# The exact engine's bits: the libraries that ship, and what other compilers make of their source, run here, under emulators
# and Wine (a quarter of an hour); and exp, log, tanh over all floats.
exactness: $(RELEASE)
	.ci/apt-install qemu-user wine64 clang libc6-dev-arm64-cross binutils-aarch64-linux-gnu
	$(BIN)/python -m tests.kernels.engine.platforms.check
	$(BIN)/python -m tests.kernels.engine.exhaustive

# The Windows version under Wine: unit tests by Windows' own Python, the frozen program built twice, and its life as a task.
windows: $(RELEASE) $(WINDOWS)
	.ci/apt-install wine64-tools libwine-dev libpython3.11
	$(BIN)/python -m pytest -o python_files='check_*.py test_frozen.py' --numprocesses $(THREADS) --no-loadscope-reorder \
		--ignore=tests/windows/check_cost.py tests/windows tests/wrapper/wine

sanitize: $(READY)
	$(BIN)/python -m tests.kernels.engine.sanitize

# What reads uploads, fuzzed by atheris for so many seconds; beyond the corpus that every test run reads again.
SECONDS ?= 1800
fuzz: $(READY)
	$(BIN)/python -m pip install --quiet atheris
	nice $(BIN)/python -m tests.server_validator.fuzz --seconds $(SECONDS)

# What benchmarks/results/ has, into README.md and docs/: after a benchmark was run again.
figures: $(READY)
	$(BIN)/python -m benchmarks.figures

# 300 kills among all commands of the server that work at once, with a real MariaDB: some minutes.
kills: $(READY)
	.ci/apt-install mariadb-server
	$(BIN)/python -m pytest -s -o python_files='check_*.py' tests/server_validator/kills

# The report's page in Debian's Chromium (400 MB): narrow and wide, light and dark; pictures of it in out/report-check/.
report-check: $(READY)
	.ci/apt-install chromium
	$(BIN)/python -m pytest -o python_files='check_*.py' tests/server_validator/reporting/html

# The frozen programs, built several times, compared, damaged, measured, run in a bare Debian; and the one for Windows, under
# Wine: ten minutes.
release-check: $(RELEASE) $(WINDOWS)
	.ci/apt-install binutils libpython3.11 debootstrap boinc-client qemu-user
	$(BIN)/python -m pytest -s -o python_files='check_*.py test_frozen.py' tests/packaging/release \
		$(addprefix tests/windows/,check_build.py check_cost.py test_frozen.py)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 -m wrapper -m wrapper.windows

SOURCES := pyproject.toml setup.py packaging/engine.py $(wildcard kernels/engine/exact/*.c kernels/engine/exact/*.h)

$(READY): $(SOURCES)
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/apt-install python3-venv
	command -v cc >/dev/null || .ci/apt-install gcc libc6-dev
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet 'torch==2.13.0'
	$(BIN)/python -m pip install --quiet --editable '.[torch,terminal,server,test]'
	touch $(READY)

# What builds application versions: a hundred megabytes that `make run` need not wait for.
$(RELEASE): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[release]'
	touch $(RELEASE)

# Windows' Python under Wine, which builds and tries the Windows version: a gigabyte.
$(WINDOWS): $(RELEASE) $(wildcard packaging/wine/*.*)
	.ci/apt-install wine64
	$(BIN)/python packaging/wine/make.py $(VENV)/windows

clean:
	rm -rf $(VENV) build out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

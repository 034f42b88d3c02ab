.PHONY: all lint types test
all: lint types test
lint:
	ruff check automl_meta tests benchmarks
	ruff format --check automl_meta tests benchmarks
types:
	mypy
# One thread a process: two of OpenMP's beside another busy process can take twenty times as long as one.
test:
	OMP_NUM_THREADS=1 python -m pytest -n 2 --dist worksteal

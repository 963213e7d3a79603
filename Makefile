# make demo | make test | make check | make bench | make soak: each sets up what it needs. Python 3.11, make and a package index are enough.
SHELL := /bin/bash
PYTHON ?= python3.11
PY := .venv/bin/python
PORT ?= 8000
TESTS ?= tests
JOBS ?= $(shell echo $$(($$(nproc) + 1)))

.PHONY: demo setup test check format messages bench bench-desk bench-queue bench-export bench-generation bench-rendering readers soak help

help:
	@sed -n 's/^## //p' Makefile

## make demo              set everything up, generate real pairs with the demo model, serve on http://127.0.0.1:8000 (PORT=)
demo: setup
	@PORT=$(PORT) $(PY) manage.py demo

## make setup             .venv with all that the demo and the tests need, from one constraints file
setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	@scripts/setup $(PYTHON)

## make test              every test, against the embedded PostgreSQL and Redis (TESTS=tests/labeling for a part)
test: setup
	@$(PY) -m pytest -q -n $(JOBS) --dist loadscope $(TESTS)

## make check             format, lint, import contracts, types, templates, migrations, deployment
check: setup
	@scripts/check

## make format            write every file the way make check wants it
format: setup
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .

## make messages          the catalogues in locale/ brought in step with the sources, and what is not translated yet
messages: setup
	@$(PY) -m scripts.messages

## make bench             labeling cycles a second at 1, 4 and 16 labelers on 5,000 pairs
bench: setup
	@$(PY) -m benchmarks.labeling $(ARGS)

## make bench-desk        Submit to the next pair and the first page, in Chromium (ARGS="--peers FOLDER" beside Label Studio and Potato)
bench-desk: setup
	@$(PY) -m benchmarks.desk $(ARGS)

## make bench-queue       what the next place costs, with 1,000, 100,000 and 1,000,000 pairs (6 GB, some 10 minutes; ARGS="--sizes 1000,100000")
bench-queue: setup
	@$(PY) -m benchmarks.queue $(ARGS)

## make bench-export      freeze and write 1,000,000 pairs, beside the same bytes by bare COPY, orjson and pyarrow (20 GB; ARGS="--pairs 20000")
bench-export: setup
	@$(PY) -m benchmarks.export $(ARGS)

## make bench-rendering   milliseconds to lay out 64 KiB of each kind of text (ARGS=--lexers also the worst code of each language)
bench-rendering: setup
	@$(PY) -m benchmarks.rendering $(ARGS)

## make bench-generation  tokens a second: a plain loop, the bare engine, the whole product
bench-generation: setup
	@$(PY) -m benchmarks.generation $(ARGS)

## make readers           let the readers of Axolotl, LLaMA-Factory and OpenRLHF read what Tiebreak writes for them; each is installed under var/readers
readers: setup
	@$(PY) -m tests.readers

## make soak              labels over HTTP while workers are killed, PostgreSQL crashes, requests come thrice, people vanish (ARGS="--row 3")
soak: setup
	@$(PY) -m benchmarks.soak $(ARGS)

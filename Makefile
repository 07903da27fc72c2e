# make demo and make test do all set-up themselves: a virtual environment with pinned packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO := demo
# all but alps, which needs a masked language model that no package carries
DEMO_STRATEGIES := $(addprefix --strategy ,random class-embedding cvirs dal uncertainty max-uncertainty \
	portfolio anchoral seals balanced)

.PHONY: demo annotate screenshots test lint format constraints clean

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(INSTALLED)

demo: export HF_HUB_OFFLINE = 1
demo: $(INSTALLED)
	$(BIN)/classemb-index build demo --out $(DEMO)/index
	$(BIN)/classemb-index query $(DEMO)/index --class rare --top-k 5
	$(BIN)/classemb-index query $(DEMO)/index --class rare --top-k 5 --labelled-size 0
	$(BIN)/classemb-index select $(DEMO)/index --strategy portfolio --batch 20
	$(BIN)/classemb-index analyze $(DEMO)/index --sizes 100,200,500 --out $(DEMO)/analysis
	rm -rf $(DEMO)/probe $(DEMO)/minilm
	$(BIN)/classemb-index simulate $(DEMO)/index --model probe --full $(DEMO_STRATEGIES) \
		--discriminator-epochs 20 --out $(DEMO)/probe
	$(BIN)/classemb-index simulate $(DEMO)/index --model minilm --strategy class-embedding \
		--seeds 1 --initial 400 --batch 400 --budget 800 --epochs 8 --learning-rate 1.5e-4 \
		--max-length 64 --dev-size 50 --out $(DEMO)/minilm
	$(BIN)/classemb-index report $(DEMO)/index $(DEMO)/probe $(DEMO)/minilm --out $(DEMO)/report
	@echo "The pictures:"
	@ls $(DEMO)/*/*.png $(DEMO)/*/*.svg
	@echo "All of it on one page: $(DEMO)/report/report.html"

annotate: export HF_HUB_OFFLINE = 1
annotate: $(INSTALLED)
	test -f $(DEMO)/index/manifest.json || $(BIN)/classemb-index build demo --out $(DEMO)/index
	$(BIN)/classemb-index annotate $(DEMO)/index

test: $(INSTALLED)
	$(BIN)/pytest --numprocesses auto --dist loadfile

# The pictures of the page in docs/.
screenshots: $(INSTALLED)
	CLASSEMB_SCREENSHOTS=docs/images $(BIN)/pytest -q tests/web/test_screenshots.py

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes the versions that are installed now as the new pins.
constraints: $(INSTALLED)
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info

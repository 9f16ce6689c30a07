# Everything a newcomer needs: `make demo` runs the product, `make test` proves it.

.PHONY: help demo phantom test bench faults fuzz fmt pictures

help: ## Say what there is to make
	@sed -n 's/^\([a-z]*\): ## /make \1 — /p' Makefile

demo: ## Build ./phantom and run everything of the tutorials in one process; ARGS="--reset" starts over
	@tools/build
	./phantom demo $(ARGS)

phantom: ## Build ./phantom
	@tools/build

test: ## Format, layers, lints, licences, then every test
	@tools/test

bench: ## Compare with nginx, side by side; prints a table, writes target/bench/summary.txt
	@bench/run.sh $(ARGS)

faults: ## Let everything around the gateway fail; prints a table, writes target/faults/summary.md
	@bench/faults.sh $(ARGS)

fuzz: ## Run every fuzz target for FUZZ_SECONDS (600) each
	@tools/fuzz

pictures: ## Take the pictures of docs/images anew, by the browser test that does the tutorial
	@tools/peer >/dev/null
	cargo build --workspace --bins
	PHANTOM_PICTURES=1 cargo nextest run -p phantom-e2e -E 'test(the_tutorial_is_done_by_clicks)'

fmt:
	cargo fmt --all

# Everything a newcomer needs: `make demo` runs the product, `make test` proves it.

.PHONY: demo test bench fuzz fmt

demo: ## Run everything of the tutorials on this machine, in one process
	@tools/need cc
	cargo run -p phantom -- demo

test: ## Format, layers, lints, licences, then every test
	@tools/test

bench: ## Compare with nginx, side by side; prints a table, writes target/bench/summary.txt
	@bench/run.sh

fuzz: ## Run every fuzz target for FUZZ_SECONDS (600) each
	@tools/fuzz

fmt:
	cargo fmt --all

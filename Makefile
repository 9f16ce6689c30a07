# Everything a newcomer needs: `make demo` runs the product, `make test` proves it.

.PHONY: demo test bench faults fuzz fmt

demo: ## Run everything of the tutorials on this machine, in one process
	@tools/need cc
	cargo run -p phantom -- demo

test: ## Format, layers, lints, licences, then every test
	@tools/test

bench: ## Compare with nginx, side by side; prints a table, writes target/bench/summary.txt
	@bench/run.sh

faults: ## Let everything around the gateway fail; prints a table, writes target/faults/summary.md
	@bench/faults.sh

fuzz: ## Run every fuzz target for FUZZ_SECONDS (600) each
	@tools/fuzz

fmt:
	cargo fmt --all

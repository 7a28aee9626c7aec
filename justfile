# kontener's recipes, one line each. Without just installed: npx -y rust-just RECIPE

export PATH := justfile_directory() / "node_modules/.bin" + ":" + env("PATH")

# List the recipes
default:
    @just --list

# Provision root file systems: alpine unless others are named
prepare *IMAGES="alpine":
    bun run container prepare {{ IMAGES }}

# A shell in a container
sh *ARGS:
    bun run container sh {{ ARGS }}

# Run something in a container: just run alpine ls
run *ARGS:
    bun run container run {{ ARGS }}

# Everything that can be tested on this machine
test *ARGS:
    bun test {{ ARGS }}

# The system tests in a guest with pure cgroup v2
test-vm *ARGS:
    bun install --frozen-lockfile --silent && bun tasks/test-vm.ts {{ ARGS }}

# Types, format, lint, import direction
check:
    bun install --frozen-lockfile --silent && bun check && bun fmt --check . && bunx oxlint --deny-warnings && bun test tests/unit/imports.test.ts

# Compare with runc, crun, bwrap: just bench [cold|library|pull|load|ps] [ROUNDS]
bench *ARGS:
    bun install --frozen-lockfile --silent && bun tasks/bench.ts {{ ARGS }}

# One executable: dist/kontener
build:
    bun install --frozen-lockfile --silent && bun tasks/build.ts

# The host's part of the network
network-up:
    bun tasks/network.ts up

# Take the host's part of the network away
network-down:
    bun tasks/network.ts down

# Return checkout and host to where they were
clean:
    bun run container clean

# The only commands of this repository. `./just` lists them; `./just <recipe>` also makes the
# environment first. Recipes run modules, not installed scripts, so that a moved folder still works.

python := justfile_directory() / ".venv/bin/python"
export PYTHONPATH := justfile_directory()

# List the recipes
[private]
default:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# Start the whole platform and keep it running (--processes, --speed R, --at TIME, --run-dir DIR)
[group('run')]
up *ARGS:
    @{{ python }} -m deploy.up {{ ARGS }}

# Stop a platform that runs in another terminal
[group('run')]
down *ARGS:
    @{{ python }} -m deploy.down {{ ARGS }}

# Walk one contact through the running platform and narrate it
[group('run')]
call *ARGS:
    @{{ python }} -m deploy.call {{ ARGS }}

# Play a recorded day against the running platform (--faults, --speed R, --hours A-B)
[group('run')]
day *ARGS:
    @{{ python }} -m deploy.day {{ ARGS }}

# Check or apply a programme manifest: `just programme check|apply FILE`
[group('run')]
programme *ARGS:
    @{{ python }} -m services.intake.programme {{ ARGS }}

# Everything a change must pass: lint, types, import rules and all tests
[group('check')]
test *ARGS: lint types imports
    {{ python }} -m pytest -n auto --dist loadfile {{ ARGS }}

# The tests that take less than two seconds each
[group('check')]
test-fast *ARGS:
    {{ python }} -m pytest -n auto --dist loadfile -m "not slow" {{ ARGS }}

# Style: ruff's rules and its formatting
[group('check')]
lint:
    {{ python }} -m ruff check .
    {{ python }} -m ruff format --check .

# Static types, strict
[group('check')]
types:
    {{ python }} -m mypy .

# Which room may import which
[group('check')]
imports:
    @{{ python }} -c "import sys; from importlinter.cli import lint_imports_command; sys.argv = ['lint-imports', '--no-logo']; lint_imports_command()"

# Put the code into ruff's form and apply its safe corrections
[group('check')]
tidy:
    {{ python }} -m ruff check --fix .
    {{ python }} -m ruff format .

# Look for a broken invariant in the streams and ledgers of the running platform
[group('measure')]
verify *ARGS:
    @{{ python }} -m deploy.verify {{ ARGS }}

# Measure, each figure beside its floor or peer in the same run
[group('measure')]
bench *ARGS:
    @{{ python }} -m bench {{ ARGS }}

# Drive our assignment policy through a recorded trace, e.g. `just judge pressday`
[group('measure')]
judge TRACE *ARGS:
    @{{ python }} -m services.assignment.judge {{ TRACE }} {{ ARGS }}

# Compare or bring streams, durables and permissions to what the code declares (plan|apply|check|conf)
[group('upkeep')]
provision *ARGS:
    @{{ python }} -m services.bus.provision {{ ARGS }}

# Write the JSON Schemas and the AsyncAPI document from the contracts
[group('upkeep')]
schemas *ARGS:
    {{ python }} -m contracts.schemas {{ ARGS }}

# Resolve the dependencies of pyproject.toml into the hash-pinned lock
[group('upkeep')]
lock *ARGS:
    {{ python }} -m uv pip compile pyproject.toml --quiet --universal --generate-hashes --group dev \
        --no-emit-index-url --custom-compile-command "./just lock" \
        --output-file requirements.txt {{ ARGS }}

# Let git run lint, types and import rules before each commit
[group('upkeep')]
hooks:
    {{ python }} -m pre_commit install

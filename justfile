# The only commands of this repository. `./just` lists them; `./just <recipe>` also makes the
# environment first. Recipes run modules, not installed scripts, so that a moved folder still works.

python := justfile_directory() / ".venv/bin/python"
export PYTHONPATH := justfile_directory()
compile := python + " -m uv pip compile --quiet --universal --generate-hashes" \
    + " --no-emit-index-url --custom-compile-command './just lock'"

# List the recipes
[private]
default:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# Start the whole platform and keep it running (--processes, --speed R, --at TIME, --run-dir DIR)
[group('run')]
up *ARGS:
    @exec {{ python }} -m deploy.up {{ ARGS }}

# Stop a platform that runs in another terminal
[group('run')]
down *ARGS:
    @exec {{ python }} -m deploy.down {{ ARGS }}

# Walk one contact through the running platform and narrate it
[group('run')]
call *ARGS:
    @exec {{ python }} -m deploy.call {{ ARGS }}

# Play a recorded day on a platform of its own (--trace DIR, --faults, --processes, --speed R, --from-hour H --hours N, --surge N, --date DAY)
[group('run')]
day *ARGS:
    @exec {{ python }} -m deploy.day {{ ARGS }}

# A line as data: `just programme new [--answers FILE]`, `check FILE`, `apply FILE`
[group('run')]
programme *ARGS:
    @exec {{ python }} -m deploy.line {{ ARGS }}

# Import people of a line from a table: `just people FILE --programme P`
[group('run')]
people *ARGS:
    @exec {{ python }} -m deploy.people {{ ARGS }}

# The directory of relays: `just relays check|find NEED...|export FILE|import FILE --source NAME`
[group('run')]
relays *ARGS:
    @exec {{ python }} -m deploy.relays {{ ARGS }}

# Partner organisations: `just partner key NAME|check FILE|apply FILE|secret NAME|replay NAME --from MOMENT|log NAME|play NAME`
[group('run')]
partner *ARGS:
    @exec {{ python }} -m deploy.partners {{ ARGS }}

# Try a partner's own webhook, line by line: `just partner-check URL --secret-file FILE`
[group('check')]
partner-check *ARGS:
    @exec {{ python }} -m contracts.partner_check {{ ARGS }}

# Information cards of a line: `just cards check FILE`, `import FILE`
[group('run')]
cards *ARGS:
    @exec {{ python }} -m deploy.cards {{ ARGS }}

# Everything a change must pass: lint, types, import rules and all tests
[group('check')]
test *ARGS: lint types imports debian
    {{ python }} -m pytest -n auto --dist loadfile --no-loadscope-reorder {{ ARGS }}

# Debian's Chromium, Prometheus and podman, by which pages, alerts and images are tried: installed where allowed
[private]
debian:
    @{{ python }} -m tests.debian

# The tests that take less than two seconds each
[group('check')]
test-fast *ARGS:
    {{ python }} -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow" {{ ARGS }}

# A picture of every page and state at each size, in build/screens
[group('check')]
screens *ARGS: debian
    TAKE_SCREENS=1 {{ python }} -m pytest -n auto --dist loadfile tests/browser -k everybody_can_read {{ ARGS }}

# Play seeds of trouble on every service at once and judge each (--from SEED, --seeds N)
[group('check')]
simulate *ARGS:
    @exec {{ python }} -m tests.simulation {{ ARGS }}

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

# Build both images with podman and start them until they answer (root; BASE_IMAGE names another base)
[group('ship')]
images:
    {{ python }} -m deploy.images
    {{ python }} -m pytest -q -s tests/images/test_started.py

# Play the rendered pilot with podman, from its Jobs to an answered contact and out again (root)
[group('ship')]
kube:
    {{ python }} -m deploy.images
    {{ python }} -m pytest -q -s tests/images/test_played.py

# Grow a pilot played with podman to the permanent service, from an answered contact to the next (root)
[group('ship')]
kube-grown:
    {{ python }} -m deploy.images
    PLAY_GROWN=1 {{ python }} -m pytest -q -s tests/images/test_grown.py

# Bill of materials of each image (CycloneDX), in build/
[group('ship')]
sbom:
    @{{ python }} -m deploy.images.sbom

# Licences of what is shipped, in build/; fails on one that nobody has looked at
[group('ship')]
licences:
    @{{ python }} -m deploy.images.licences

# Look for a broken invariant in the streams and ledgers of the running platform
[group('measure')]
verify *ARGS:
    @exec {{ python }} -m deploy.verify {{ ARGS }}

# Replace every service by a next version and back, under load, and count what was lost (--services X..., --broken start|hang|work)
[group('measure')]
upgrade *ARGS:
    @exec {{ python }} -m deploy.rollout {{ ARGS }}

# Grow from one NATS server to three under load, killing in the middle, and count what was lost (--calm, --no-restarts)
[group('measure')]
rehearse *ARGS:
    @exec {{ python }} -m deploy.rollout.growing {{ ARGS }}

# Measure, each figure beside its floor or peer in the same run
[group('measure')]
bench *ARGS:
    @exec {{ python }} -m bench {{ ARGS }}

# Compare the rules with written scenarios and explain every difference (--all)
[group('measure')]
scenarios *ARGS:
    @exec {{ python }} -m deploy.scenarios {{ ARGS }}

# A report for boards and funders: `just report daily|monthly|annual --programme P --date D`
[group('measure')]
report *ARGS:
    @exec {{ python }} -m deploy.report {{ ARGS }}

# Activity for federations and observatories, no small figure in it: `just share LINE --period month --month 2026-01 --to FOLDER`
[group('measure')]
share *ARGS:
    @exec {{ python }} -m deploy.share {{ ARGS }}

# Listeners each hour of the week needs, or that it cannot be: `just staffing --programme P`
[group('measure')]
staffing *ARGS:
    @exec {{ python }} -m deploy.staffing {{ ARGS }}

# Drive our assignment policy through a recorded trace, e.g. `just judge pressday`
[group('measure')]
judge TRACE *ARGS:
    @exec {{ python }} -m deploy.judge {{ TRACE }} {{ ARGS }}

# Messages that could not be handled: `just parked list`, `just parked replay SERVICE [NUMBER]`
[group('upkeep')]
parked *ARGS:
    @exec {{ python }} -m deploy.parked {{ ARGS }}

# Prometheus and Alertmanager beside the running platform; pages are told in this terminal
[group('operate')]
night *ARGS:
    @exec {{ python }} -m deploy.night {{ ARGS }}

# The synthetic caller beside the running platform: a chat a minute, answered by a robot (--times N)
[group('operate')]
robot *ARGS:
    @exec {{ python }} -m deploy.synthetic {{ ARGS }}

# The public status page, as files: `just status say chat|voice|everything`, again, clear, check, follow
[group('operate')]
status *ARGS:
    @exec {{ python }} -m deploy.status {{ ARGS }}

# Provoke an alert on a platform of its own and see whom it wakes: `just drill NAME...`, `all`, `--list`
[group('operate')]
drill *ARGS:
    @exec {{ python }} -m deploy.drill {{ ARGS }}

# Write Grafana's dashboards from observability/dashboards (check)
[group('upkeep')]
dashboards *ARGS:
    @{{ python }} -m observability.dashboards {{ ARGS }}

# Draw each dashboard from what a Prometheus has seen, for the README (--prometheus, --minutes, --to)
[group('upkeep')]
pictures *ARGS:
    @{{ python }} -m observability.pictures {{ ARGS }}

# Write the rules of the objectives from observability/slos (check)
[group('upkeep')]
slos *ARGS:
    @{{ python }} -m observability.slos {{ ARGS }}

# Compare or bring streams, durables and permissions to what the code declares (plan|apply|check|conf)
[group('upkeep')]
provision *ARGS:
    @exec {{ python }} -m services.bus.provision {{ ARGS }}

# Move what one NATS server holds to a cluster of three (pilot permanent --from URL --to URL --plan)
[group('upkeep')]
migrate *ARGS:
    @exec {{ python }} -m deploy.migrate {{ ARGS }}

# Write the JSON Schemas from the contracts, refusing what breaks a published one (check)
[group('upkeep')]
schemas *ARGS:
    @{{ python }} -m contracts.schemas {{ ARGS }}

# Build what partners install, the wheel of contracts, into build/wheel
[group('ship')]
wheel:
    cd contracts && {{ python }} -m hatchling build --target wheel --directory ../build/wheel

# Write the AsyncAPI documents, and the page for partners, from the contracts and the tables of the services (check)
[group('upkeep')]
asyncapi *ARGS:
    @{{ python }} -m deploy.asyncapi {{ ARGS }}

# Read the AsyncAPI document with its official parser (needs npm)
[group('upkeep')]
asyncapi-check:
    #!/usr/bin/env bash
    set -euo pipefail
    folder="$(mktemp -d)"
    trap 'rm -rf "$folder"' EXIT
    cp deploy/asyncapi-check.mjs "$folder/"
    npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --silent \
        --omit-lockfile-registry-resolved @asyncapi/parser@3
    for each in asyncapi partner.asyncapi; do
        node "$folder/asyncapi-check.mjs" "contracts/$each.json"
    done

# Hold the manifests against a release's CustomResourceDefinitions: `just operators FILE...`
[group('upkeep')]
operators *ARGS:
    @{{ python }} -m tests.k8s.operators {{ ARGS }}

# Write our alerts as a cluster's Prometheus operator takes them (check)
[group('upkeep')]
rules *ARGS:
    @{{ python }} -m deploy.rules {{ ARGS }}

# Write or check a change of tables (new SERVICE "what it is for"; check)
[group('upkeep')]
migration *ARGS:
    @{{ python }} -m deploy.migration {{ ARGS }}

# Bring the pages' catalogues to what the templates say, and name what has no words yet (check)
[group('upkeep')]
words *ARGS:
    @{{ python }} -m deploy.words {{ ARGS }}

# Resolve the dependencies of pyproject.toml into the hash-pinned lock, and the images' part of it
[group('upkeep')]
lock *ARGS: && images-lock
    {{ compile }} pyproject.toml --group dev --output-file requirements.txt {{ ARGS }}

# What is shipped, in the versions of the lock; and what packs it
[private]
images-lock:
    {{ compile }} pyproject.toml --constraint requirements.txt \
        --output-file deploy/images/requirements.txt
    {{ compile }} --group pyproject.toml:packing --output-file deploy/images/packing.txt

# Let git run lint, types and import rules before each commit
[group('upkeep')]
hooks:
    {{ python }} -m pre_commit install

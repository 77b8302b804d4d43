"""The permanent service beside the pilot, as podman can play both on one network.

What a controller makes of a manifest is made here: a StatefulSet's three are three pods of their
own names, CloudNativePG's cluster one Postgres that stands for the first of its instances. Scaling,
budgets and policies are left out; every Deployment is one pod. cert-manager's certificates are
signed here; the stand-in for Postgres speaks plain text, so nobody is given a CA for it. People
come by the development key: there is no issuer here, so the console's door is open in its own pod
alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy

from tests.k8s.rendered import Manifest, name_of, of_kind, one, rendered

#: Of CloudNativePG's instances: the first, by its name.
POSTGRES = "helpline-postgres-1"
#: A release of its own, so that its Jobs are not the pilot's.
RELEASE = "r2"
NATS = tuple(f"helpline-nats-cluster-{number}" for number in range(3))
_POD = "statefulset.kubernetes.io/pod-name"
#: What `components/demonstration` says of one pod, for pods that ask each other.
_DEMONSTRATION = {
    "HELPLINE_ENVIRONMENT": "development",
    "HELPLINE_DEVELOPMENT_KEY_FILE": "/run/helpline/keys/development.key",
    "HELPLINE_DEVELOPMENT_PEOPLE_FILE": "deploy/people.json",
    "HELPLINE_CONSOLE_RISK_ORIGIN": "http://helpline-risk:8300",
    "HELPLINE_RISK_DESK_ORIGINS": "http://helpline-console:8200",
    "HELPLINE_OIDC_ISSUER": "",
    "HELPLINE_OIDC_CLIENT_ID": "",
    "HELPLINE_OIDC_CLIENT_SECRET_FILE": "",
    "HELPLINE_OIDC_REDIRECT_URI": "",
}


def side_by_side(pilot: list[Manifest]) -> list[Manifest]:
    """The permanent service and the Jobs that grow it, and of the pilot what bears another name."""
    growing = [_plain_to_postgres(each) for each in rendered("growing")]
    permanent = [*_permanent(pilot), *growing]
    permanent.append(_let_anybody_in(permanent))
    names = {name_of(each) for each in permanent}
    return [*permanent, *(each for each in pilot if name_of(each) not in names)]


def _permanent(pilot: list[Manifest]) -> Iterator[Manifest]:
    for manifest in rendered("permanent"):
        match manifest["kind"], manifest["metadata"]["name"]:
            case "Cluster", _:
                yield from _first_instance(manifest, one(pilot, "StatefulSet/helpline-postgres"))
            case "StatefulSet", _:
                yield from _each_pod(manifest)
            case "Deployment", _:
                yield _plain_to_postgres(manifest)
            case "Job", name:
                _plain_to_postgres(manifest)
                manifest["metadata"]["name"] = name.replace("-r1", f"-{RELEASE}")
                yield manifest
            case "ConfigMap", name if name.startswith("helpline-settings"):
                manifest["data"] |= _DEMONSTRATION
                manifest["data"].pop("HELPLINE_POSTGRES_CA_FILE")
                yield manifest
            case _:
                yield manifest


def _plain_to_postgres(manifest: Manifest) -> Manifest:
    """Without the CA CloudNativePG would have made, and without asking for it."""
    spec = manifest["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    for things in (spec.get("volumes", []), container.get("volumeMounts", [])):
        things[:] = [each for each in things if each["name"] != "postgres-ca"]
    for variable in container.get("env", ()):
        if variable["name"] == "NEW_SSLMODE":
            variable["value"] = "disable"
    return manifest


def certificate(manifests: list[Manifest]) -> tuple[str, tuple[str, ...]]:
    """The Secret of what NATS shows, and the names it is asked to show it for."""
    spec = one(manifests, "Certificate/helpline-nats")["spec"]
    return spec["secretName"], tuple(spec["dnsNames"])


def _first_instance(cluster: Manifest, like: Manifest) -> Iterator[Manifest]:
    """One server with the pilot's image and the names CloudNativePG gives."""
    name = cluster["metadata"]["name"]
    made = deepcopy(like)
    made["metadata"] = {"name": POSTGRES}
    labels = {"cnpg.io/cluster": name, "cnpg.io/podRole": "instance", "helpline/postgres": "yes"}
    template = made["spec"]["template"]
    template["metadata"]["labels"] = labels
    (container,) = template["spec"]["containers"]
    # There the owner is no superuser, and is made once the server stands (`as_cnpg_makes_it`).
    superuser = {"name": "POSTGRES_USER", "value": "postgres"}
    container["env"] = [
        superuser if each["name"] == "POSTGRES_USER_FILE" else each for each in container["env"]
    ]
    yield made
    yield _service(f"{name}-rw", labels)


def as_cnpg_makes_it(username: str, password: str) -> tuple[str, ...]:
    """What CloudNativePG does to a new cluster for `bootstrap.initdb`, in SQL."""
    (cluster,) = of_kind(rendered("permanent"), "Cluster")
    asked = cluster["spec"]["bootstrap"]["initdb"]
    assert asked["owner"] == username
    return (
        f"CREATE ROLE {username} LOGIN PASSWORD '{password}'",
        f"ALTER DATABASE {asked['database']} OWNER TO {username}",
        *asked["postInitApplicationSQL"],
    )


def _each_pod(three: Manifest) -> Iterator[Manifest]:
    name, headless = three["metadata"]["name"], three["spec"]["serviceName"]
    for number in range(three["spec"]["replicas"]):
        pod = f"{name}-{number}"
        made = deepcopy(three)
        made["metadata"]["name"] = pod
        made["spec"]["replicas"] = 1
        template = made["spec"]["template"]
        template["metadata"]["labels"][_POD] = pod
        for variable in template["spec"]["containers"][0]["env"]:
            if "fieldRef" in variable.pop("valueFrom", {}):
                variable["value"] = pod
        yield made
        yield _service(f"{pod}.{headless}", {_POD: pod})


def _service(name: str, selector: Mapping[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": dict(selector)},
    }


def _let_anybody_in(permanent: list[Manifest]) -> Manifest:
    """The development key instead of the issuer's secret; the settings of such a console.

    It opens its door in its pod alone. Of `env` and `envFrom`, podman takes the second.
    """
    spec = one(permanent, "Deployment/helpline-console")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    for things in (spec["volumes"], container["volumeMounts"]):
        things[:] = [each for each in things if each["name"] != "issuer"]
    (keys,) = (each for each in spec["volumes"] if each["name"] == "keys")
    keys["projected"]["sources"].append({"secret": {"name": "helpline-key-development"}})
    (source,) = container["envFrom"]
    settings = deepcopy(one(permanent, f"ConfigMap/{source['configMapRef']['name']}"))
    settings["metadata"]["name"] = source["configMapRef"]["name"] = "helpline-settings-console"
    settings["data"]["HELPLINE_HOST"] = "127.0.0.1"
    return settings


def services(manifests: list[Manifest]) -> list[str]:
    """Deployments of the permanent service: one for each service, and what tells of NATS."""
    names = [each["metadata"]["name"] for each in of_kind(manifests, "Deployment")]
    return [name for name in names if name != "helpline-all"]

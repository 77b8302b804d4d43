"""The reviewer's checklist as data: one function for each line, each yields what is wrong.

Pure, tried on the rendered overlays and on copies with one fault each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.k8s.checks_of_ground import (
    database_keeps_what_it_said,
    nats_is_as_its_streams,
    nobody_sees_the_monitor,
    postgres_has_room,
    postgres_logs_no_values,
)
from tests.k8s.checks_of_pods import (
    accounts_are_their_own,
    drains_leave_some,
    images_are_digests,
    memory_is_bounded,
    pods_are_restricted,
    pods_are_spread,
    probes_differ,
    roll_outs_lose_nobody,
    scratch_space_has_a_size,
    vital_services_are_two,
    volumes_reach_their_pods,
    whoever_leaves_has_time,
)
from tests.k8s.checks_of_release import (
    alerts_are_those_we_try,
    each_pod_has_its_own_keys,
    every_service_runs_once,
    everything_is_denied_first,
    manifests_of_lines_go_into_jobs,
    namespace_is_restricted,
    partners_are_known_where_streams_are_made,
    priorities_put_callers_first,
    recommended_labels_are_there,
    releases_name_their_jobs,
    secrets_stay_secret,
)
from tests.k8s.checks_of_tls import (
    certificates_are_renewed_in_time,
    keys_of_certificates_stay_with_servers,
    nats_is_known_by_its_ca,
    postgres_is_known_by_its_ca,
)
from tests.k8s.rendered import Manifest

Check = Callable[[list[Manifest]], Iterator[str]]

CHECKS: tuple[Check, ...] = (
    namespace_is_restricted,
    pods_are_restricted,
    scratch_space_has_a_size,
    accounts_are_their_own,
    images_are_digests,
    memory_is_bounded,
    probes_differ,
    whoever_leaves_has_time,
    roll_outs_lose_nobody,
    drains_leave_some,
    pods_are_spread,
    volumes_reach_their_pods,
    vital_services_are_two,
    nats_is_as_its_streams,
    nobody_sees_the_monitor,
    everything_is_denied_first,
    secrets_stay_secret,
    each_pod_has_its_own_keys,
    every_service_runs_once,
    releases_name_their_jobs,
    manifests_of_lines_go_into_jobs,
    partners_are_known_where_streams_are_made,
    priorities_put_callers_first,
    recommended_labels_are_there,
    alerts_are_those_we_try,
    postgres_has_room,
    postgres_logs_no_values,
    database_keeps_what_it_said,
    nats_is_known_by_its_ca,
    postgres_is_known_by_its_ca,
    keys_of_certificates_stay_with_servers,
    certificates_are_renewed_in_time,
)

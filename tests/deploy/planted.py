"""Wrong manifests, one or more for each rule: what each is, and a part of what the rule must say of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.deploy.rendered import Rendered
from tests.deploy.rules import Rule, documentation, kafka, monitoring, network, pods, references, rollout, settings

_POD = "spec.template.spec"
_BOX = f"{_POD}.containers.0"
_LABEL = "app~kubernetes~io/name"


@dataclass(frozen=True)
class Fault:
    rule: Rule
    finds: str
    plant: Callable[[Rendered], Rendered]
    overlay: str = "local"


def _deployment(name: str, path: str, value: object) -> Callable[[Rendered], Rendered]:
    return lambda given: given.plant("Deployment", name, path, value)


def _config(start: str, key: str, value: str | None) -> Callable[[Rendered], Rendered]:
    def plant(given: Rendered) -> Rendered:
        (name,) = (each for each in given.names("ConfigMap") if each.startswith(f"{start}-"))
        return given.plant("ConfigMap", name, f"data.{key}", value)

    return plant


_OPEN = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: planted, namespace: smartfactory }
spec:
  podSelector: { matchLabels: { app.kubernetes.io/component: outside } }
  policyTypes: [Egress]
  egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }]
"""
_SCALED = """
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: planted }
spec: { scaleTargetRef: { name: funding-worker }, maxReplicaCount: 7 }
"""
_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: planted }
spec:
  parentRefs: [{ name: planted, sectionName: http }]
  rules: [{ backendRefs: [{ name: applicant-api, port: 8080 }] }]
"""

FAULTS = (
    Fault(
        network.policies_connect_what_is_declared,
        "nothing declares stranger -> postgres : 5432",
        lambda given: given.without("NetworkPolicy", "default-deny").without("NetworkPolicy", "postgres"),
    ),
    Fault(
        network.policies_connect_what_is_declared,
        "nothing declares outside -> internet : 443",
        lambda given: given.beside(_OPEN),
    ),
    Fault(
        network.policies_connect_what_is_declared,
        "funding-worker -> kafka : 9093 is declared, and no policy allows it",
        lambda given: given.without("NetworkPolicy", "funding-to-kafka"),
    ),
    Fault(
        network.policies_connect_what_is_declared,
        "nothing declares applicant-api -> kafka : 9093",
        lambda given: given.plant(
            "NetworkPolicy", "applicant-to-kafka", "spec.podSelector.matchLabels", {}
        ).plant("NetworkPolicy", "kafka", "spec.ingress.0.from.0.podSelector", {}),
    ),
    Fault(
        network.policies_connect_what_is_declared,
        "gateway -> funding-api : 8000 is declared",
        _deployment("funding-api", f"{_BOX}.ports.0.containerPort", 8080),
    ),
    Fault(pods.pods_are_restricted, "may run as root", _deployment("funding-api", f"{_POD}.securityContext.runAsNonRoot", False)),
    Fault(pods.pods_are_restricted, "runs as 1000", _deployment("funding-api", f"{_POD}.securityContext.runAsUser", 1000)),
    Fault(pods.pods_are_restricted, "seccomp", _deployment("gateway", f"{_POD}.securityContext.seccompProfile", None)),
    Fault(pods.pods_are_restricted, "may gain rights", _deployment("gateway", f"{_BOX}.securityContext.allowPrivilegeEscalation", None)),
    Fault(pods.pods_are_restricted, "may write its image", _deployment("outside", f"{_BOX}.securityContext.readOnlyRootFilesystem", False)),
    Fault(pods.pods_are_restricted, "has capabilities", _deployment("metrics-worker", f"{_BOX}.securityContext.capabilities.add", ["NET_RAW"])),
    Fault(pods.pods_are_restricted, "token", _deployment("metrics-worker", f"{_POD}.automountServiceAccountToken", None)),
    Fault(pods.pods_are_restricted, "environment variables", _deployment("metrics-worker", f"{_POD}.enableServiceLinks", None)),
    Fault(pods.pods_are_restricted, "hostNetwork", _deployment("metrics-worker", f"{_POD}.hostNetwork", True)),
    Fault(pods.pods_are_restricted, "node's disk", _deployment("metrics-worker", f"{_POD}.volumes.1.hostPath", {"path": "/"})),
    Fault(pods.pods_are_restricted, "may fill", _deployment("metrics-worker", f"{_POD}.volumes.1.emptyDir", {})),
    Fault(pods.containers_say_what_they_need, "does not ask for memory", _deployment("gateway", f"{_BOX}.resources.requests.memory", None)),
    Fault(pods.containers_say_what_they_need, "no limit of memory", _deployment("gateway", f"{_BOX}.resources.limits.memory", None)),
    Fault(pods.containers_say_what_they_need, "limit of cpu", _deployment("gateway", f"{_BOX}.resources.limits.cpu", "1")),
    Fault(pods.containers_say_what_they_need, "no priority", _deployment("gateway", f"{_POD}.priorityClassName", "urgent")),
    Fault(pods.images_are_exact, "no exact tag", _deployment("funding-api", f"{_BOX}.image", "smartfactory-funding")),
    Fault(pods.images_are_exact, "no exact tag", _deployment("funding-api", f"{_BOX}.image", "r.example:5000/funding:latest")),
    Fault(pods.images_are_exact, "pulled", _deployment("funding-api", f"{_BOX}.imagePullPolicy", None)),
    Fault(
        references.services_lead_to_a_port,
        "nothing is behind the Service funding-api",
        lambda given: given.plant("Service", "funding-api", f"spec.selector.{_LABEL}", "fundung"),
    ),
    Fault(
        references.services_lead_to_a_port,
        "which it does not have",
        lambda given: given.plant("Service", "gateway", "spec.ports.0.targetPort", "https"),
    ),
    Fault(references.routes_lead_to_a_service, "applicant-api:8080, which no Service", lambda given: given.beside(_ROUTE)),
    Fault(references.routes_lead_to_a_service, "planted/http, which no Gateway", lambda given: given.beside(_ROUTE)),
    Fault(
        references.routes_lead_to_a_service,
        "passes requests on to mentoring:80",
        _deployment("gateway", f"{_BOX}.env.4.value", "mentoring:80"),
    ),
    Fault(references.pages_are_reached, "/today is a page, and no way leads there", _config("gateway", "Caddyfile", "@pages path / /burden\n")),
    Fault(
        references.pages_are_reached,
        "/nowhere leads to no page",
        lambda given: given.plant("HTTPRoute", "public", "spec.rules.4.matches.1.path.value", "/nowhere"),
        "production",
    ),
    Fault(documentation.documents_are_reached, "/funding/docs is on the page", _config("gateway", "Caddyfile", "@pages path /developers\n")),
    Fault(
        documentation.documents_are_reached,
        "/mentoring/problems is on the page for developers, and does not lead to mentoring-api /problems",
        lambda given: given.without("HTTPRoute", "documents"),
        "production",
    ),
    Fault(
        documentation.documents_are_reached,
        "/applicant/docs/start.js leads nowhere",
        lambda given: given.plant("HTTPRoute", "documents", "spec.rules.0.matches.0.path.type", "Exact"),
        "production",
    ),
    Fault(
        documentation.documents_are_reached,
        "partner.smartfactory.jeonbuk.example answers with metrics's problems, and /metrics/problems leads nowhere",
        lambda given: given.plant("HTTPRoute", "documents", "spec.hostnames.2", None),
        "production",
    ),
    Fault(
        documentation.what_a_process_tells_of_itself_stays_inside,
        "/funding/openmetrics shows everybody /openmetrics of funding-api",
        lambda given: given.plant("HTTPRoute", "documents", "spec.rules.3.matches.0.path.value", "/funding").plant(
            "HTTPRoute", "documents", "spec.rules.3.filters.0.urlRewrite.path.replacePrefixMatch", "/"
        ),
        "production",
    ),
    Fault(references.what_pods_refer_to_exists, "Secret funding-settings", lambda given: given.without("Secret", "funding-settings")),
    Fault(references.what_pods_refer_to_exists, "PersistentVolumeClaim", lambda given: given.without("PersistentVolumeClaim", "clock")),
    Fault(references.what_pods_refer_to_exists, "ServiceAccount", lambda given: given.without("ServiceAccount", "metrics-service")),
    Fault(references.what_pods_refer_to_exists, "ConfigMap", _deployment("metrics-api", f"{_BOX}.envFrom.0.configMapRef.name", "common")),
    Fault(
        references.images_are_those_of_compose,
        "postgres:18.6 is not what compose runs",
        lambda given: replace(given, images_of_compose=frozenset({"postgres:17"})),
    ),
    Fault(references.mounts_have_volumes, "mounts clock", _deployment("outside", f"{_POD}.volumes.1.name", "watch")),
    Fault(references.mounts_have_volumes, "mounts it nowhere", _deployment("outside", f"{_BOX}.volumeMounts.1", None)),
    Fault(rollout.pods_have_time_to_end, "is killed after 30 s", _deployment("funding-api", f"{_POD}.terminationGracePeriodSeconds", 30)),
    Fault(rollout.pods_have_time_to_end, "is killed after 30 s", _deployment("funding-worker", f"{_POD}.terminationGracePeriodSeconds", 30)),
    Fault(rollout.pods_have_time_to_end, "is killed after 45 s", _config("common", "SHUTDOWN_DELAY_SECONDS", "15")),
    Fault(rollout.pods_have_time_to_end, "stops listening", _deployment("funding-api", f"{_BOX}.lifecycle", None)),
    Fault(rollout.rollouts_put_the_new_before_the_old, "strategy", _deployment("funding-api", "spec.strategy.rollingUpdate.maxUnavailable", 1)),
    Fault(rollout.rollouts_put_the_new_before_the_old, "strategy", _deployment("funding-worker", "spec.strategy", None)),
    Fault(rollout.probes_ask_what_they_mean, "livenessProbe asks", _deployment("funding-api", f"{_BOX}.livenessProbe.httpGet.path", "/readyz")),
    Fault(rollout.probes_ask_what_they_mean, "readinessProbe asks nothing", _deployment("funding-worker", f"{_BOX}.readinessProbe", None)),
    Fault(rollout.apis_stand_twice_and_apart, "stands once", _deployment("funding-api", "spec.replicas", 1)),
    Fault(rollout.apis_stand_twice_and_apart, "0 disruption budgets", lambda given: given.without("PodDisruptionBudget", "funding-worker")),
    Fault(
        rollout.apis_stand_twice_and_apart,
        "keeps all of it",
        lambda given: given.plant("PodDisruptionBudget", "funding-api", "spec.minAvailable", 2),
    ),
    Fault(rollout.apis_stand_twice_and_apart, "on one node", _deployment("funding-api", f"{_POD}.topologySpreadConstraints", [])),
    Fault(
        rollout.apis_stand_twice_and_apart,
        "somebody else's labels",
        _deployment("funding-api", f"{_POD}.topologySpreadConstraints.0.labelSelector.matchLabels.{_LABEL}", "metrics"),
    ),
    Fault(rollout.scaling_stays_within_what_serves_it, "7 workers share 6 partitions", lambda given: given.beside(_SCALED)),
    Fault(rollout.scaling_stays_within_what_serves_it, "scaled by two", lambda given: given.beside(_SCALED).beside(_SCALED)),
    Fault(
        rollout.scaling_stays_within_what_serves_it,
        "does not exist",
        lambda given: given.beside(_SCALED.replace("funding-worker", "funding")),
    ),
    Fault(rollout.scaling_stays_within_what_serves_it, "may open", _config("common", "DATABASE_POOL_SIZE", "40")),
    Fault(rollout.a_plan_fits_into_its_worker, "may take 4480 Mi", _config("mentoring-settings", "MATCHING_MEMORY_MB", "4096")),
    Fault(
        rollout.migrations_end,
        "metrics is not migrated",
        lambda given: given.without("Job", "metrics-migrate"),
    ),
    Fault(
        rollout.migrations_end,
        "may run for ever",
        lambda given: given.plant("Job", "metrics-migrate", "spec.activeDeadlineSeconds", None),
    ),
    Fault(settings.every_setting_is_set_and_none_unknown, "AUDIENCE is not set", _config("common", "AUDIENCE", None)),
    Fault(settings.every_setting_is_set_and_none_unknown, "nobody reads AUDIENCES", _config("common", "AUDIENCES", "x")),
    Fault(settings.every_setting_is_set_and_none_unknown, "funding-worker: KAFKA_USERNAME is not set", _config("funding-settings", "KAFKA_USERNAME", None)),
    Fault(settings.every_setting_is_set_and_none_unknown, "left out on purpose", _config("common", "FAILPOINTS", "x=y")),
    Fault(settings.what_is_set_is_accepted, "database_pool_size", _config("common", "DATABASE_POOL_SIZE", "many")),
    Fault(settings.what_is_set_is_accepted, "KAFKA_PASSWORD is not set", _config("kafka", "KAFKA_SECURITY_PROTOCOL", "SASL_SSL")),
    Fault(
        settings.secrets_are_given_to_whom_they_serve,
        "funding-api gets migrations_database_url",
        _deployment(
            "funding-api",
            f"{_POD}.volumes.0.projected.sources",
            [
                {"secret": {"name": "funding-settings"}},
                {"secret": {"name": "funding-database-app", "items": [{"key": "uri", "path": "migrations_database_url"}]}},
            ],
        ),
    ),
    Fault(
        settings.secrets_are_given_to_whom_they_serve,
        "CURSOR_SECRET in its environment",
        _config("common", "CURSOR_SECRET", "in the open"),
    ),
    Fault(settings.the_local_issuer_starts_and_knows_the_pages, "ISSUER is not set", _deployment("outside", f"{_BOX}.env.1.name", "ISSUERS")),
    Fault(
        settings.the_local_issuer_starts_and_knows_the_pages,
        "SIGN_IN_CLIENT_SECRET_FILE names no file",
        lambda given: given.plant("Secret", "outside", "data.sign_in_client_secret", None),
    ),
    Fault(
        settings.the_local_issuer_starts_and_knows_the_pages,
        "PAGES_ORIGIN is http://127.0.0.1:8080, and the pages need http://127.0.0.1:9000",
        _config("metrics-settings", "PAGES_ORIGIN", "http://127.0.0.1:9000"),
    ),
    Fault(kafka.every_topic_is_made_and_none_unused, "nobody makes the topic funding.budget.v1", lambda given: given.without("KafkaTopic", "funding.budget.v1"), "production"),
    Fault(
        kafka.every_topic_is_made_and_none_unused,
        "nothing is told on the topic planted.v1",
        lambda given: given.plant("KafkaTopic", "funding.budget.v1", "metadata.name", "planted.v1"),
        "production",
    ),
    Fault(
        kafka.every_topic_is_made_and_none_unused,
        "is kept for 86400000 ms",
        lambda given: given.plant("KafkaTopic", "funding.budget.v1", "spec.config.retention~ms", 86_400_000),
        "production",
    ),
    Fault(
        kafka.every_topic_is_made_and_none_unused,
        "or stands still, with one broker",
        lambda given: given.plant("KafkaTopic", "funding.budget.v1", "spec.config.min~insync~replicas", 3),
        "production",
    ),
    Fault(
        kafka.every_right_has_a_use_and_every_use_a_right,
        "is used, and nobody allows it",
        lambda given: given.plant("KafkaUser", "funding", "spec.authorization.acls.0", None),
        "production",
    ),
    Fault(
        kafka.every_right_has_a_use_and_every_use_a_right,
        "samsung-mentor: Write topic partner.mentoring.v1 is allowed",
        lambda given: given.plant("KafkaUser", "samsung-mentor", "spec.authorization.acls.0.operations", ["Read", "Write"]),
        "production",
    ),
    Fault(
        kafka.every_right_has_a_use_and_every_use_a_right,
        "funding* is allowed",
        lambda given: given.plant(
            "KafkaUser",
            "funding",
            "spec.authorization.acls.0.resource",
            {"type": "topic", "name": "funding", "patternType": "prefix"},
        ),
        "production",
    ),
    Fault(
        kafka.principals_sign_in_where_they_belong,
        "samsung-mentor signs in by scram-sha-512",
        lambda given: given.plant("KafkaUser", "samsung-mentor", "spec.authentication.type", "scram-sha-512"),
        "production",
    ),
    Fault(
        kafka.principals_sign_in_where_they_belong,
        "faster than was agreed",
        lambda given: given.plant("KafkaUser", "samsung-mentor", "spec.quotas", None),
        "production",
    ),
    Fault(
        kafka.principals_sign_in_where_they_belong,
        "lets everybody do everything",
        lambda given: given.plant("Kafka", "smartfactory", "spec.kafka.authorization", None),
        "production",
    ),
    Fault(
        monitoring.alerts_ask_for_what_is_exported,
        "EventsAreParked asks for consumer_parkt",
        lambda given: given.plant("PrometheusRule", "smartfactory", "spec.groups.2.rules.3.expr", "consumer_parkt > 0"),
        "production",
    ),
    Fault(
        monitoring.every_alert_has_a_page,
        "has no page",
        lambda given: given.plant("PrometheusRule", "smartfactory", "spec.groups.2.rules.3.annotations.runbook", "docs/runbook/none.md"),
        "production",
    ),
    Fault(
        monitoring.every_process_is_read,
        "funding-worker is read 0 times",
        lambda given: given.without("PodMonitor", "funding-processes"),
        "production",
    ),
    Fault(
        network.policies_connect_what_is_declared,
        "nothing declares metrics-worker -> neighbour : 443",
        lambda given: given.plant(
            "NetworkPolicy", "worker-that-sends-webhooks", "spec.egress.0.to.0.ipBlock.except", []
        ),
        "production",
    ),
    Fault(
        network.policies_connect_what_is_declared,
        "nothing declares applicant-api -> funding-database : 5432",
        lambda given: given.plant("NetworkPolicy", "funding-database", "spec.ingress.0.from.0.podSelector", {}).plant(
            "NetworkPolicy", "applicant-to-database", "spec.egress.0.to.0.podSelector", {}
        ),
        "production",
    ),
    Fault(pods.images_are_exact, "has no digest", _deployment("funding-api", f"{_BOX}.image", "funding:1.0"), "production"),
    Fault(
        settings.what_is_set_is_accepted,
        "BANK_URL is not https",
        _config("funding-settings", "BANK_URL", "http://bank.example"),
        "production",
    ),
    Fault(references.what_pods_refer_to_exists, "applicant-database-ca", lambda given: given.without("Cluster", "applicant-database"), "production"),
)  # fmt: skip

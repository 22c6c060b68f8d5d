"""Schemas of the operators' objects that the chart makes, as far as it uses them: no library has them offline.

Sources: https://keda.sh/docs/latest/reference/scaledobject-spec/, https://keda.sh/docs/latest/scalers/nats-jetstream/,
https://prometheus-operator.dev/docs/api-reference/api/
"""

from typing import Any

Schema = dict[str, Any]


def _object(properties: Schema, *required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required or properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


_TEXT: Schema = {"type": "string", "minLength": 1}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_DURATION: Schema = {"type": "string", "pattern": r"^\d+(ms|s|m|h)$"}
_LABELS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_SELECTOR = _object({"matchLabels": _LABELS})
_ENDPOINT = _object({"port": _TEXT, "path": {"const": "/metrics"}, "interval": _DURATION})
_TRIGGER = _object(
    {
        "type": {"const": "nats-jetstream"},
        # Every value of a trigger is text.
        "metadata": _object(
            {
                "natsServerMonitoringEndpoint": {"type": "string", "pattern": r"^[^/:]+:\d+$"},
                "account": _TEXT,
                "stream": _TEXT,
                "consumer": _TEXT,
                "lagThreshold": {"type": "string", "pattern": r"^[1-9]\d*$"},
            }
        ),
    }
)
_RULE: Schema = {
    "type": "object",
    "properties": {
        "record": _TEXT,
        "alert": _TEXT,
        "expr": _TEXT,
        "for": _DURATION,
        "keep_firing_for": _DURATION,
        "labels": _LABELS,
        "annotations": _LABELS,
    },
    "required": ["expr"],
    "oneOf": [{"required": ["record"]}, {"required": ["alert"]}],
    "additionalProperties": False,
}


def _resource(version: str, kind: str, spec: Schema) -> Schema:
    metadata = _object({"name": _TEXT, "labels": _LABELS})
    return _object({"apiVersion": {"const": version}, "kind": {"const": kind}, "metadata": metadata, "spec": spec})


_MONITORING = "monitoring.coreos.com/v1"
_BEHAVIOUR = {"type": "object", "properties": {"behavior": {"type": "object"}}, "additionalProperties": False}

SCHEMAS: dict[str, Schema] = {
    "ScaledObject": _resource(
        "keda.sh/v1alpha1",
        "ScaledObject",
        _object(
            {
                "scaleTargetRef": _object({"name": _TEXT}),
                "pollingInterval": _COUNT,
                "minReplicaCount": _COUNT,
                "maxReplicaCount": {"type": "integer", "minimum": 1},
                "advanced": _object({"horizontalPodAutoscalerConfig": _BEHAVIOUR}),
                "triggers": _list(_TRIGGER),
            }
        ),
    ),
    "ServiceMonitor": _resource(
        _MONITORING, "ServiceMonitor", _object({"selector": _SELECTOR, "endpoints": _list(_ENDPOINT)})
    ),
    "PodMonitor": _resource(
        _MONITORING, "PodMonitor", _object({"selector": _SELECTOR, "podMetricsEndpoints": _list(_ENDPOINT)})
    ),
    "PrometheusRule": _resource(
        _MONITORING,
        "PrometheusRule",
        _object(
            {"groups": _list(_object({"name": _TEXT, "interval": _DURATION, "rules": _list(_RULE)}, "name", "rules"))}
        ),
    ),
}

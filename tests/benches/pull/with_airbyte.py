"""The job of acme.yaml with Airbyte's declarative CDK: every user mapped and written as JSON Lines."""

import json
import logging
import sys

from airbyte_cdk.models import (
    AirbyteStream, ConfiguredAirbyteCatalog, ConfiguredAirbyteStream, DestinationSyncMode, SyncMode, Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

FIELDS = {
    "external_id": "{{ record.id | string }}", "email": "{{ record.profile.email }}",
    "username": "{{ record.profile.login }}", "full_name": "{{ record.profile.name }}",
    "last_visit_at": "{{ record.last_seen }}", "active": "{{ record.state == 'active' }}",
    "status": "{{ 'Active' if record.state == 'active' else 'Deleted' }}",
    "licenses": "{{ ['Pro'] if record.state == 'active' and 'pro' in (record.licenses | map(attribute='plan') | list) else [] }}",
    "custom_fields": "{{ {'cost_centre': record.attributes.cost_center | string} }}",
}
AWAY = ["id", "profile", "last_seen", "state", "attributes"]
MANIFEST = {
    "version": "6.0.0", "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["users"]},
    "streams": [{
        "type": "DeclarativeStream", "name": "users", "primary_key": ["external_id"],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {
                "type": "HttpRequester", "url_base": sys.argv[1], "path": "/users", "http_method": "GET",
                "authenticator": {"type": "BearerAuthenticator", "api_token": "t"},
            },
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["users"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "page"},
                "pagination_strategy": {
                    "type": "PageIncrement", "start_from_page": 1, "page_size": 100,
                    "inject_on_first_request": True,
                },
            },
        },
        "transformations": [
            {"type": "AddFields", "fields": [
                {"type": "AddedFieldDefinition", "path": [name], "value": value} for name, value in FIELDS.items()]},
            {"type": "RemoveFields", "field_pointers": [[name] for name in AWAY]},
        ],
    }],
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
}

catalog = ConfiguredAirbyteCatalog(streams=[ConfiguredAirbyteStream(
    stream=AirbyteStream(name="users", json_schema={}, supported_sync_modes=[SyncMode.full_refresh]),
    sync_mode=SyncMode.full_refresh, destination_sync_mode=DestinationSyncMode.overwrite)])
source = ConcurrentDeclarativeSource(catalog=catalog, config={}, state=[], source_config=MANIFEST)
logging.disable(logging.INFO)
for message in source.read(logging.getLogger("airbyte"), {}, catalog, []):
    if message.type == Type.RECORD:
        print(json.dumps(message.record.data))

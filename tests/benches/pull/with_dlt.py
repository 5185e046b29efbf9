"""The job of acme.yaml with dlt's `rest_api` source: every user mapped and written as JSON Lines."""

import json
import sys

from dlt.sources.rest_api import rest_api_source


def user(row):
    active = row["state"] == "active"
    pro = active and any(one["plan"] == "pro" for one in row["licenses"])
    profile = row["profile"]
    return {
        "external_id": str(row["id"]), "email": profile["email"], "username": profile["login"],
        "full_name": profile["name"], "role": row["role"], "created_at": row["created_at"],
        "last_visit_at": row["last_seen"], "active": active, "status": "Active" if active else "Deleted",
        "licenses": ["Pro"] if pro else [], "kind": row["kind"],
        "custom_fields": {"cost_centre": str(row["attributes"]["cost_center"])},
    }


source = rest_api_source({
    "client": {
        "base_url": sys.argv[1], "auth": {"type": "bearer", "token": "t"},
        "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
    },
    "resources": [{"name": "users", "endpoint": {"path": "users", "data_selector": "users"}}],
})
for one in source.resources["users"].add_map(user):
    print(json.dumps(one))

//! What the fields of the builder are called, and what to know about each.

/// Fields of the builder: where each stands, what to call it, what to know about it.
const FIELDS: &[(&str, &str, &str)] = &[
    ("/name", "Name", "What people call it."),
    (
        "/base_url",
        "Base URL",
        "With https. What differs for each customer is a variable in braces: {domain}.acme.example.",
    ),
    (
        "/variables",
        "Variables",
        "Asked when connecting. As YAML, one a line: domain: { label: Acme subdomain, example: contoso }",
    ),
    (
        "/hosts",
        "Further hosts",
        "One a line; hosts that a next URL may name, such as *.acme.example.",
    ),
    (
        "/headers",
        "Headers of every request",
        "As YAML, one a line: Accept: application/json",
    ),
    (
        "/auth/prefix",
        "Prefix",
        "The word before the token; Bearer if nothing is said.",
    ),
    (
        "/auth/username",
        "User name",
        "Fixed here, or asked when connecting.",
    ),
    (
        "/auth/password",
        "Password",
        "Fixed here, or asked when connecting; many services want none beside a key.",
    ),
    (
        "/auth/headers",
        "Headers",
        "Each set now, in the definition, or asked when connecting.",
    ),
    (
        "/auth/params",
        "Parameters",
        "Each set now, in the definition, or asked when connecting.",
    ),
    (
        "/auth/authorization_url",
        "Authorization URL",
        "The provider's login page.",
    ),
    (
        "/auth/token_url",
        "Token URL",
        "Where a code or the client gets its token.",
    ),
    ("/auth/scopes", "Scopes", "One a line, sent in this order."),
    (
        "/auth/scope_separator",
        "Separator of scopes",
        "What stands between two of them; a blank if nothing is said.",
    ),
    (
        "/auth/refresh_token",
        "Supports refresh tokens",
        "The token is renewed by itself before it runs out.",
    ),
    (
        "/auth/refresh_url",
        "Refresh URL",
        "Where tokens are renewed, if not at the token endpoint.",
    ),
    (
        "/auth/pkce",
        "PKCE",
        "Binds the login to the one who began it; off only where a provider refuses it.",
    ),
    (
        "/auth/client_auth",
        "How the client proves itself",
        "basic if nothing is said: in a header; body: beside the code.",
    ),
    (
        "/auth/token_body",
        "How the token is asked for",
        "form if nothing is said; json where the documentation shows JSON.",
    ),
    (
        "/auth/keep",
        "Kept from the token's answer",
        "As YAML, a name and a path a line: tenant: data.tenant. Later requests say {tenant}.",
    ),
    (
        "/auth/grant_type",
        "Grant type",
        "client_credentials if nothing is said.",
    ),
    ("/auth/method", "Method", "POST if nothing is said."),
    (
        "/auth/path",
        "Path of the login",
        "Behind the base URL, such as /sessions.",
    ),
    ("/auth/query", "Query", "As YAML, one a line."),
    (
        "/auth/body",
        "Body",
        "As JSON or YAML; variables in braces: { user: \"{username}\" }",
    ),
    (
        "/auth/form",
        "Form",
        "As YAML, one a line, where the login is no JSON.",
    ),
    (
        "/auth/response_path",
        "Response path",
        "Where the answer begins, if not at its top.",
    ),
    (
        "/auth/token_path",
        "Path of the token",
        "Where the answer has the token, such as data.token.",
    ),
    (
        "/auth/token_header",
        "Header with the token",
        "Where it comes in a header.",
    ),
    (
        "/auth/token_cookie",
        "Cookie with the token",
        "Where it comes in a cookie.",
    ),
    (
        "/auth/expires_in_secs",
        "Good for, in seconds",
        "If nothing is said, until it is refused.",
    ),
    (
        "/auth/algorithm",
        "Algorithm",
        "What the documentation calls alg.",
    ),
    (
        "/auth/claims",
        "Claims",
        "As YAML, one a line: iss: \"{client_email}\"",
    ),
    (
        "/auth/header",
        "Header of the token",
        "As YAML, beside alg and typ: kid: \"{key_id}\"",
    ),
    (
        "/auth/lifetime_secs",
        "Good for, in seconds",
        "300 if nothing is said.",
    ),
    (
        "/auth/exchange",
        "Exchange",
        "As YAML, where the signed token is exchanged for another one: token_url, scopes.",
    ),
    (
        "/auth/authorize_params",
        "Further parameters of the login page",
        "As YAML, one a line: audience: api.acme.example",
    ),
    (
        "/auth/token_params",
        "Further parameters of the token request",
        "As YAML, one a line: audience: api.acme.example",
    ),
    (
        "/auth/refresh_params",
        "Further parameters of the refresh request",
        "As YAML, one a line: audience: api.acme.example",
    ),
    (
        "/auth/send",
        "Where the token goes",
        "As YAML, if not as Authorization: Bearer: { header: X-Session }",
    ),
    (
        "/users/preset",
        "Preset",
        "scim knows path, rows, paging and fields by itself.",
    ),
    ("/users/method", "Method", "GET if nothing is said."),
    (
        "/users/path",
        "Path",
        "Behind the base URL, such as /users.",
    ),
    (
        "/users/query",
        "Query",
        "As YAML, one a line: include: licenses",
    ),
    (
        "/users/headers",
        "Headers",
        "As YAML, one a line; only with the list.",
    ),
    ("/users/body", "Body", "JSON or YAML; with POST."),
    (
        "/users/response_path",
        "Response path",
        "Where the rows stand, such as data.users; empty if the answer is the list itself.",
    ),
    (
        "/users/pagination/path",
        "Path of what comes next",
        "In the answer, such as meta.next; for a cursor this, a header or the last row.",
    ),
    (
        "/users/pagination/header",
        "Header of what comes next",
        "Where the answer has the cursor in a header.",
    ),
    (
        "/users/pagination/last_item",
        "Path in the last row",
        "Where the id of the last row is the cursor.",
    ),
    (
        "/users/pagination/name",
        "Parameter of the cursor",
        "cursor if nothing is said.",
    ),
    (
        "/users/pagination/offset",
        "Parameter of the offset",
        "offset if nothing is said.",
    ),
    (
        "/users/pagination/page",
        "Parameter of the page",
        "page if nothing is said.",
    ),
    (
        "/users/pagination/limit",
        "Parameter of the page size",
        "limit with an offset if nothing is said; else only sent where it is named.",
    ),
    (
        "/users/pagination/size",
        "Page size",
        "100 with an offset if nothing is said; the largest that the application allows is best.",
    ),
    (
        "/users/pagination/start",
        "First value",
        "0 with an offset, 1 with pages, none with a cursor.",
    ),
    (
        "/users/pagination/step",
        "An offset moves by",
        "rows if nothing is said: by as many as came; pages: by one.",
    ),
    (
        "/users/pagination/when",
        "Only if the link says",
        "As YAML, for servers that always send one: { param: results, is: \"true\" }",
    ),
    (
        "/users/pagination/end_values",
        "Values that end the list",
        "One a line, such as 0, besides none and empty.",
    ),
    (
        "/users/pagination/stop",
        "Further ends",
        "[short_page], only where the documentation promises that short pages come last.",
    ),
    (
        "/users/pagination/send",
        "Where the value goes",
        "As YAML, if not into the query: { body: variables.after } or { header: X-Cursor }",
    ),
    (
        "/users/pagination/continue",
        "Request of further pages",
        "As YAML, if it is another one than the first: path: /next/{cursor}",
    ),
    (
        "/users/pagination/link_header",
        "Relation in the Link header",
        "next, where the next URL is a header.",
    ),
    (
        "/users/pagination/total_path",
        "Path of the total",
        "How many rows there are in all: the list ends there, and not before.",
    ),
    (
        "/users/pagination/total_pages_path",
        "Path of the number of pages",
        "How many pages there are in all.",
    ),
    (
        "/users/pagination/has_more_path",
        "Path of “there is more”",
        "Such as meta.has_more; it counts more than a cursor that is still there.",
    ),
    (
        "/map/external_id",
        "External ID (needed)",
        "The application's own id of a user.",
    ),
    (
        "/map/email",
        "Email (needed)",
        "By it we know whose user this is.",
    ),
    (
        "/map/username",
        "User name",
        "What they log in with, if not the address.",
    ),
    (
        "/map/full_name",
        "Full name",
        "Or first and last name below.",
    ),
    (
        "/map/role",
        "Role",
        "Such as admin or member, in the application's own words.",
    ),
    (
        "/map/created_at",
        "Created at",
        "A time or a day; other forms as YAML: { path: made, format: \"%d/%m/%Y\" }",
    ),
    (
        "/map/last_visit_at",
        "Last visit at",
        "Without it nobody can tell whether a licence is in use.",
    ),
    (
        "/map/kind",
        "Kind",
        "person, bot, service or guest; a person if nothing is said.",
    ),
    (
        "/users_without_email",
        "Users without an email",
        "Left out and listed if nothing is said.",
    ),
    ("/status/active_when", "Active when", ""),
    (
        "/users/where",
        "Only these records",
        "Others are no users at all; they are counted.",
    ),
    (
        "/status/in_app/conditions",
        "Branches",
        "The first that fits counts.",
    ),
    (
        "/status/in_app/field",
        "Field",
        "Where a user has it, such as state.",
    ),
    ("/licenses/conditions", "Licences", ""),
    (
        "/licenses/auto/name",
        "Name of the licence",
        "As it shall stand in reports.",
    ),
];

/// What to call a field of the builder, and what to know about it.
pub(in crate::console) fn builder_field(at: &str) -> (Option<&'static str>, &'static str) {
    let found = FIELDS.iter().find(|(known, ..)| *known == at);
    found.map_or((None, ""), |(_, label, hint)| (Some(*label), *hint))
}

//! Who gets in: what each way to authenticate sends is wanted by a server, and tokens come from one.

use sando_core::definition::Definition;
use sando_world::saas::{
    ClientProof, Door, OauthOptions, OauthServer, SaasAnswer, SigningKey, TokenCoding,
};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Stage, text_of};

impl Stage {
    /// Shuts the door but for who sends what the definition says.
    pub(super) fn lock(&mut self) {
        let definition = Definition::compile(&self.definition).unwrap();
        for asked in definition.auth().asked() {
            let value = format!("s3cret-{}", asked.name.to_ascii_lowercase());
            self.secrets.entry(asked.name).or_insert(value);
        }
        self.secrets.remove("access_token");
        let auth = self.definition["auth"].clone();
        let door = match auth["type"].as_str() {
            None | Some("none") => Door::Open,
            Some("bearer") => {
                let prefix = auth["prefix"].as_str().unwrap_or("Bearer");
                let sent = format!("{prefix} {}", self.secrets["token"]);
                Door::header("authorization", sent.trim_start())
            }
            Some("basic") => {
                Door::Basic(self.half(&auth, "username"), self.half(&auth, "password"))
            }
            Some("headers") => {
                let headers = auth["headers"].as_array().unwrap().iter();
                let headers = headers.map(|header| self.sent(header));
                Door::Headers(
                    headers
                        .map(|(name, value)| (name.to_ascii_lowercase(), value))
                        .collect(),
                )
            }
            Some("query") => {
                let params = auth["params"].as_array().unwrap().iter();
                let sent = params.map(|param| self.sent(param));
                Door::All(sent.map(|(name, value)| Door::Query(name, value)).collect())
            }
            Some("login") => self.sign_in(&auth),
            Some(kind) => self.door_of_tokens(kind, &auth),
        };
        self.home().door(door);
    }

    /// A door that opens to tokens, and the endpoint that issues them.
    fn door_of_tokens(&mut self, kind: &str, auth: &Value) -> Door {
        match kind {
            "oauth2_client_credentials" => self.issue(OauthOptions {
                grants: vec![named(auth, "grant_type", "client_credentials")],
                wants: self.wanted(auth),
                ..self.issuing(auth)
            }),
            "oauth2_authorization_code" => self.issue(OauthOptions {
                grants: vec!["refresh_token".to_owned()],
                further: self.further(auth),
                ..self.issuing(auth)
            }),
            "jwt" => {
                let key = key(&auth["algorithm"]);
                let private = key.private().trim_end().to_owned();
                self.secrets.insert("private_key".to_owned(), private);
                let exchange = &auth["exchange"];
                if exchange.is_null() {
                    Door::Signed(key)
                } else {
                    let usual = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                    self.issue(OauthOptions {
                        proof: ClientProof::None,
                        grants: vec![named(exchange, "grant_type", usual)],
                        assertions: Some(key),
                        ..self.issuing(exchange)
                    })
                }
            }
            other => panic!("teach this test how `{other}` is checked"),
        }
    }

    fn half(&self, auth: &Value, name: &str) -> String {
        let fixed = auth[name]["now"].as_str().map(str::to_owned);
        fixed.unwrap_or_else(|| self.secrets[name].clone())
    }

    /// The name and the value of a header or parameter.
    fn sent(&self, field: &Value) -> (String, String) {
        let name = text_of(&field["name"]);
        let fixed = field["value"]["now"].as_str().map(str::to_owned);
        let value = fixed.unwrap_or_else(|| self.secrets[&name].clone());
        let prefix = field["prefix"].as_str().unwrap_or_default();
        (name, format!("{prefix}{value}"))
    }

    /// Gives a session to who sends the right body to the right path; the door opens to sessions.
    fn sign_in(&self, auth: &Value) -> Door {
        let oauth = OauthServer::new(OauthOptions::default());
        let home = self.home();
        home.oauth(oauth.clone());
        let base = text_of(&self.definition["base_url"]);
        let base = base.replace(&home.base_url(), "");
        let path = format!("{base}{}", text_of(&auth["path"]));
        let wanted: Value = serde_json::from_str(&self.filled(&auth["body"].to_string())).unwrap();
        let token = text_of(&auth["token_path"]);
        home.outside(&path);
        home.script(&path, move |request| {
            if request.method == "POST" && request.json() == wanted {
                let session = Map::from_iter([(token.clone(), json!(oauth.issue()))]);
                return SaasAnswer::json(&Value::Object(session));
            }
            SaasAnswer::error(401, &json!({ "message": "the password is wrong" }))
        });
        Door::Issued {
            header: text_of(&auth["send"]["header"]).to_ascii_lowercase(),
            prefix: named(&auth["send"], "prefix", ""),
        }
    }

    /// What a token request of these credentials looks like.
    fn issuing(&self, auth: &Value) -> OauthOptions {
        let secret = |name: &str| self.secrets.get(name).cloned().unwrap_or_default();
        let url: Url = self
            .filled(auth["token_url"].as_str().unwrap())
            .parse()
            .unwrap();
        OauthOptions {
            path: url.path().to_owned(),
            client_id: secret("client_id"),
            client_secret: secret("client_secret"),
            proof: match auth["client_auth"].as_str() {
                Some("body") => ClientProof::Body,
                _ => ClientProof::Basic,
            },
            coding: match auth["token_body"].as_str() {
                Some("json") => TokenCoding::Json,
                _ => TokenCoding::Form,
            },
            ..OauthOptions::default()
        }
    }

    /// The parameters that must come with a token request.
    fn wanted(&self, auth: &Value) -> Vec<(String, String)> {
        let params = auth["token_params"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let params = params.iter();
        let mut wanted: Vec<(String, String)> = params
            .map(|(name, value)| (name.clone(), self.filled(&text_of(value))))
            .collect();
        if let Some(scopes) = auth["scopes"].as_array() {
            let scopes: Vec<String> = scopes.iter().map(text_of).collect();
            wanted.push(("scope".to_owned(), scopes.join(" ")));
        }
        wanted
    }

    /// What the answer with a token gives beside it.
    fn further(&self, auth: &Value) -> Map<String, Value> {
        let keep = auth["keep"].as_object().cloned().unwrap_or_default();
        keep.iter()
            .map(|(name, path)| (text_of(path), self.recorded["kept"][name].clone()))
            .collect()
    }

    /// Sets up a token endpoint; the door opens to what it issues.
    fn issue(&mut self, options: OauthOptions) -> Door {
        let oauth = OauthServer::new(options);
        if self.secrets.contains_key("refresh_token") {
            let token = oauth.new_refresh_token();
            self.secrets.insert("refresh_token".to_owned(), token);
        }
        for server in self.servers.values() {
            server.oauth(oauth.clone());
        }
        Door::issued()
    }
}

fn named(of: &Value, name: &str, usual: &str) -> String {
    of[name].as_str().unwrap_or(usual).to_owned()
}

fn key(algorithm: &Value) -> SigningKey {
    match algorithm.as_str() {
        Some("RS256") => SigningKey::rsa(),
        Some("ES256") => SigningKey::elliptic(),
        _ => SigningKey::shared("a shared s3cret of some length, as they are"),
    }
}

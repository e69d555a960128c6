//! What the API takes: methods, paths, queries and bodies. A request that breaks it fails the test.

use serde_json::Value;

use crate::api_double::Asked;

const SELECTION: [&str; 8] = ["tenant", "verdict", "actor", "reachability", "q", "sort", "cursor", "limit"];
const VERDICTS: [&str; 6] = ["action_required", "degraded", "retrying", "issuing", "paused", "ready"];

/// What a body may be.
enum Body {
    Nothing,
    /// The fields that must be there, and those that may.
    Object(&'static [&'static str], &'static [&'static str]),
}

pub(crate) fn holds(asked: &Asked) -> Result<(), String> {
    let (method, path) = asked.what.split_once(' ').ok_or("no request line")?;
    if asked.what == "GET /health" {
        return when(asked.header("authorization").is_none(), "credentials go to a route that needs none");
    }
    let (path, scheme) = match path.strip_prefix("/bearer/v1/") {
        Some(path) => (path, "Bearer "),
        None => (path.strip_prefix("/v1/").ok_or("no such path")?, "AWS4-HMAC-SHA256 "),
    };
    let authorized = asked.header("authorization").is_some_and(|value| value.starts_with(scheme));
    when(authorized, "the credentials are not those of the route")?;
    let segments: Vec<_> = path.split('/').collect();
    let (query, body): (&[&str], Body) = match (method, segments.as_slice()) {
        ("GET", ["endpoints"]) => (&SELECTION, Body::Nothing),
        ("POST", ["endpoints"]) => (
            &[],
            Body::Object(
                &["domain", "reachability"],
                &["also", "tenant", "dns_method", "listeners", "regions", "role"],
            ),
        ),
        ("POST", ["checks"]) => (&[], Body::Object(&["domain", "reachability"], &["also", "dns_method"])),
        ("GET" | "DELETE", ["endpoints", _]) => (&[], Body::Nothing),
        ("PATCH", ["endpoints", _]) => {
            (&[], Body::Object(&[], &["also", "reachability", "dns_method", "listeners", "regions", "role"]))
        }
        ("GET", ["endpoints", _, "records" | "attempts" | "shares"]) => (&[], Body::Nothing),
        ("GET", ["endpoints", _, "events"]) => (&["after", "limit"], Body::Nothing),
        ("POST", ["endpoints", _, "check" | "renew"]) => (&[], Body::Nothing),
        ("POST", ["endpoints", _, "shares"]) => (&[], Body::Object(&[], &["expires_in_days"])),
        ("DELETE", ["endpoints", _, "shares", _]) => (&[], Body::Nothing),
        ("GET", ["caller" | "installation" | "overview"]) => (&[], Body::Nothing),
        _ => return Err("no such method and path".into()),
    };
    let keyed = asked.header("idempotency-key").is_some_and(|key| (16..=64).contains(&key.len()));
    when(
        keyed == (method == "POST" && path == "endpoints"),
        "an Idempotency-Key goes with a registration, and only with it",
    )?;
    fits(&asked.query, query)?;
    match (body, &asked.body) {
        (Body::Nothing, Value::Null) => Ok(()),
        (Body::Nothing, _) => Err("a body where none is taken".into()),
        (Body::Object(must, may), body) => is_object(body, must, may),
    }
}

fn when(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn fits(query: &str, names: &[&str]) -> Result<(), String> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("a query without values")?;
        let known = names.contains(&name)
            && match name {
                "verdict" => VERDICTS.contains(&value),
                "actor" => ["customer", "operator", "ca", "nobody"].contains(&value),
                "reachability" => ["external", "internal"].contains(&value),
                "sort" => ["domain", "attention"].contains(&value),
                "limit" => value.parse().is_ok_and(|limit: u32| (1..=200).contains(&limit)),
                _ => true,
            };
        when(known, &format!("the query {pair} is not taken"))?;
    }
    Ok(())
}

fn is_object(body: &Value, must: &[&str], may: &[&str]) -> Result<(), String> {
    let fields = body.as_object().ok_or("no object where one is taken")?;
    for name in must {
        when(fields.contains_key(*name), &format!("{name} is missing"))?;
    }
    for (name, value) in fields {
        let good = match name.as_str() {
            "also" | "listeners" | "regions" => {
                value.as_array().is_some_and(|names| names.iter().all(Value::is_string))
            }
            "reachability" => ["external", "internal"].iter().any(|word| value == word),
            "dns_method" => ["dns-01", "dns-persist-01"].iter().any(|word| value == word),
            "expires_in_days" => value.as_u64().is_some_and(|days| (1..=365).contains(&days)),
            _ => value.is_string(),
        };
        when(good && (must.contains(&name.as_str()) || may.contains(&name.as_str())), &format!("{name} is not taken"))?;
    }
    Ok(())
}

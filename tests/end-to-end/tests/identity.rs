//! Who may: tokens of the cloud's own issuer at the gateway, and the whole sign-in over HTTP, with each part of it
//! tampered with.

use anyhow::{Context, Result, ensure};
use end_to_end::browser::{Browser, Page, hidden_fields};
use local_cloud::{LocalCloud, Options, Person, operator, tenant};
use reqwest::Url;
use serde_json::{Value, json};

async fn cloud() -> Result<LocalCloud> {
    LocalCloud::attach_or_start(Options::unique()).await
}

/// Calls the API with a token; the status and the body.
async fn with_token(cloud: &LocalCloud, token: Option<&str>, path: &str) -> Result<(u16, Value)> {
    let mut request = cloud.http_client()?.get(format!("{}/bearer/v1/{path}", cloud.description().api));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    Ok((status, serde_json::from_str(&text).with_context(|| text)?))
}

#[tokio::test]
async fn a_token_of_the_issuer_says_who_calls_and_any_other_is_refused_at_the_gateway() -> Result<()> {
    let cloud = cloud().await?;
    let caller = |token: String| {
        let cloud = &cloud;
        async move { with_token(cloud, Some(&token), "caller").await }
    };
    let (status, acme) = caller(cloud.token(&tenant("acme"))?).await?;
    ensure!(status == 200 && acme["tenant"] == "acme" && acme["operator"] == false, "{status} {acme}");
    let (status, olive) = caller(cloud.token(&operator())?).await?;
    ensure!(status == 200 && olive["operator"] == true && olive["tenant"].is_null(), "{status} {olive}");

    let (status, nobody) =
        caller(cloud.token(&Person::new("eve", "", json!({"roles": ["x managed-https-operator"]})))?).await?;
    ensure!(status == 403, "a part of a role is no role: {status} {nobody}");
    for claims in
        [json!({"tenant": "acme", "exp": 1}), json!({"tenant": "acme", "aud": "another"}), json!({"iss": "x"})]
    {
        let (status, body) = caller(cloud.token(&Person::new("eve", "", claims.clone()))?).await?;
        ensure!(status == 401, "{claims}: {status} {body}");
    }
    let good = cloud.token(&tenant("acme"))?;
    let (head, signature) = good.rsplit_once('.').context("three parts")?;
    let (header, _) = head.split_once('.').context("two parts")?;
    let others = cloud.token(&tenant("globex"))?;
    let claims = others.split('.').nth(1).context("claims")?;
    for forged in [format!("{head}."), format!("{header}.{claims}.{signature}"), format!("x{good}")] {
        let (status, body) = with_token(&cloud, Some(&forged), "caller").await?;
        ensure!(status == 401, "{forged}: {status} {body}");
    }
    ensure!(with_token(&cloud, None, "caller").await?.0 == 401);
    Ok(())
}

/// The way of a browser up to the provider's answer: the address that it is sent back to.
async fn sign_in_as(browser: &mut Browser, cloud: &LocalCloud, person: &Person, to: &str) -> Result<Url> {
    let begun = browser.get(format!("{}/sign-in?to={to}", cloud.description().api)).await?;
    let form = browser.follow(begun).await?;
    ensure!(form.status == 200, "{form:?}");
    let mut fields = hidden_fields(&form.body);
    fields.push(("person".into(), person.subject.clone()));
    let answered = browser.post(format!("{}/authorize", cloud.description().issuer.url), &fields).await?;
    answered.location.with_context(|| answered.body)
}

fn has_session(browser: &Browser) -> bool {
    browser.jar.keys().any(|(name, _)| name.ends_with("session"))
}

#[tokio::test]
async fn a_browser_signs_in_sees_its_own_and_signs_out() -> Result<()> {
    let cloud = cloud().await?;
    let dashboard = format!("{}/dashboard", cloud.description().api);
    let mut browser = Browser::new()?;
    let refused = browser.get(&dashboard).await?;
    ensure!(refused.status == 401 && refused.body.contains("/sign-in"), "{refused:?}");

    let back = sign_in_as(&mut browser, &cloud, &tenant("acme"), "/dashboard").await?;
    let finished = browser.get(&back).await?;
    ensure!(finished.location.as_ref().map(Url::as_str) == Some(&dashboard), "{finished:?}");
    let page = browser.follow(finished).await?;
    ensure!(page.status == 200 && page.body.contains("user@acme"), "{page:?}");

    // The same answer once more, and by another browser.
    ensure!(browser.get(&back).await?.status == 400);
    ensure!(Browser::new()?.get(&back).await?.status == 400);

    let out = browser.post(format!("{}/sign-out", cloud.description().api), &[]).await?;
    ensure!(out.status == 200 && browser.jar.is_empty(), "{:?}", browser.jar);
    ensure!(browser.get(&dashboard).await?.status == 401);
    Ok(())
}

#[tokio::test]
async fn a_sign_in_that_was_tampered_with_ends_without_a_session() -> Result<()> {
    let cloud = cloud().await?;
    for part in ["code", "state", "iss", "cookie", "verifier", "nonce"] {
        let mut browser = Browser::new()?;
        let mut back = sign_in_as(&mut browser, &cloud, &tenant("acme"), "/dashboard").await?;
        let pairs: Vec<(String, String)> = back.query_pairs().into_owned().collect();
        let spoilt = pairs
            .into_iter()
            .map(|(name, value)| if name == part { (name, format!("x{value}")) } else { (name, value) });
        back.query_pairs_mut().clear().extend_pairs(spoilt.collect::<Vec<_>>());
        for value in browser.jar.values_mut() {
            let parts: Vec<_> = value.split('.').collect();
            let [nonce, verifier, to] = parts[..] else { anyhow::bail!("{value}") };
            *value = match part {
                "cookie" => "x".into(),
                "verifier" => format!("{nonce}.{}.{to}", "x".repeat(43)),
                "nonce" => format!("x{nonce}.{verifier}.{to}"),
                _ => continue,
            };
        }
        let Page { status, body, .. } = browser.get(&back).await?;
        ensure!((400..500).contains(&status) && !has_session(&browser), "{part}: {status} {body}");
    }
    Ok(())
}

#[tokio::test]
async fn nobody_is_led_elsewhere_and_nobody_elsewhere_learns_a_code() -> Result<()> {
    let cloud = cloud().await?;
    let api = &cloud.description().api;
    let mut browser = Browser::new()?;
    let back = sign_in_as(&mut browser, &cloud, &tenant("acme"), "//evil.example/dashboard").await?;
    let finished = browser.get(&back).await?;
    ensure!(finished.location.as_ref().map(Url::as_str) == Some(&format!("{api}/dashboard")), "{finished:?}");

    let begun = browser.get(format!("{api}/sign-in")).await?;
    let asked = begun.location.context("a location")?;
    let foreign = asked.as_str().replace("%2Fsign-in%2Fcallback", "%2Felsewhere");
    ensure!(foreign != asked.as_str() && browser.get(&foreign).await?.status == 400);
    Ok(())
}

#[tokio::test]
async fn a_session_is_a_token_and_a_spoilt_one_is_none() -> Result<()> {
    let cloud = cloud().await?;
    let dashboard = format!("{}/dashboard", cloud.description().api);
    let mut browser = Browser::new()?;
    let back = sign_in_as(&mut browser, &cloud, &operator(), "/dashboard").await?;
    browser.get(&back).await?;
    let (key, token) = browser.jar.iter().next().context("a session")?;
    let (key, token) = (key.clone(), token.clone());
    let expired = cloud.token(&Person::new("olive", "", json!({"roles": ["managed-https-operator"], "exp": 1})))?;
    let foreign = cloud.token(&Person::new("olive", "", json!({"roles": ["managed-https-operator"], "aud": "x"})))?;
    for (session, status) in
        [(token.clone(), 200), (token[..token.len() - 9].to_owned(), 401), (expired, 401), (foreign, 401)]
    {
        browser.jar.insert(key.clone(), session);
        ensure!(browser.get(&dashboard).await?.status == status);
    }
    let nobody = cloud.token(&Person::new("eve", "", json!({})))?;
    browser.jar.insert(key, nobody);
    let page = browser.get(&dashboard).await?;
    ensure!(page.status == 403 && page.body.contains("managed-https-operator"), "{page:?}");
    Ok(())
}

#[tokio::test]
async fn without_an_issuer_there_is_no_way_in_but_iam() -> Result<()> {
    let options = Options { parameters: vec![("OidcIssuer".into(), String::new())], ..Options::unique() };
    let cloud = LocalCloud::start(options).await?;
    let api = &cloud.description().api;
    let mut browser = Browser::new()?;
    for path in ["sign-in", "sign-in/callback", "bearer/v1/endpoints"] {
        let page = browser.get(format!("{api}/{path}")).await?;
        ensure!(page.status == 404, "{path}: {page:?}");
    }
    let token = cloud.token(&operator())?;
    ensure!(with_token(&cloud, Some(&token), "endpoints").await?.0 == 404);
    let page = browser.get(format!("{api}/dashboard")).await?;
    ensure!(page.status == 401 && page.body.contains("OidcIssuer"), "the page says what to configure: {page:?}");
    Ok(())
}

use askama::Template;

use crate::Person;

/// Who do you want to be?
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in (local cloud)</title>
<main>
<h1>Sign in</h1>
<p>The token issuer of the local cloud: it has no passwords.</p>
<form method="post" action="authorize">
{% for (name, value) in fields %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}{% for person in people %}<p><button name="person" value="{{ person.subject }}">{{ person.label }}</button></p>
{% endfor %}</form>
</main>
</html>
"#
)]
pub(crate) struct SignInPage<'a> {
    pub(crate) fields: Vec<(&'static str, &'a str)>,
    pub(crate) people: &'a [Person],
}

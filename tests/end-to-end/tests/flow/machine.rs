//! Runs the real state machine definition, as far as it uses the language.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

const DEFINITION: &str = include_str!("../../../../infra/issue-certificate.asl.json");

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Machine {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    pub(crate) start_at: String,
    pub(crate) timeout_seconds: u64,
    pub(crate) states: BTreeMap<String, State>,
}

/// Anything that is not listed here fails to parse: the interpreter must not skip what it does not know.
#[derive(Debug, Deserialize)]
#[serde(tag = "Type", deny_unknown_fields)]
pub(crate) enum State {
    #[serde(rename_all = "PascalCase")]
    Task {
        #[serde(rename = "Comment")]
        _comment: Option<String>,
        resource: String,
        next: String,
        result_path: String,
        /// Of a task that is not given the whole state: where each of its fields comes from.
        parameters: Option<BTreeMap<String, Value>>,
        timeout_seconds: u64,
        retry: Vec<Retrier>,
        catch: Vec<Catcher>,
    },
    #[serde(rename_all = "PascalCase")]
    Choice {
        #[serde(rename = "Comment")]
        _comment: Option<String>,
        choices: Vec<Rule>,
        default: String,
    },
    #[serde(rename_all = "PascalCase")]
    Wait {
        #[serde(rename = "Comment")]
        _comment: Option<String>,
        seconds_path: String,
        next: String,
    },
    Succeed {
        #[serde(rename = "Comment")]
        _comment: Option<String>,
    },
    #[serde(rename_all = "PascalCase")]
    Fail {
        #[serde(rename = "Comment")]
        _comment: Option<String>,
        error: String,
        #[serde(rename = "Cause")]
        _cause: Option<String>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Retrier {
    pub(crate) error_equals: Vec<String>,
    pub(crate) interval_seconds: f64,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: f64,
    #[serde(rename = "JitterStrategy")]
    pub(crate) _jitter: String,
    pub(crate) max_attempts: u32,
}

impl Retrier {
    /// Seconds before the retry after `tried` of them.
    fn delay(&self, tried: u32) -> u64 {
        let delay = self.interval_seconds * self.backoff_rate.powi(tried.cast_signed());
        delay.min(self.max_delay_seconds) as u64
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Catcher {
    pub(crate) error_equals: Vec<String>,
    /// Null, where the error goes nowhere. Without it, the error would take the place of the whole state.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) result_path: Option<String>,
    pub(crate) next: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) variable: String,
    #[serde(flatten)]
    pub(crate) test: Test,
    pub(crate) next: String,
}

#[derive(Debug, Deserialize)]
pub(crate) enum Test {
    StringEquals(String),
    IsPresent(bool),
}

impl Rule {
    fn matches(&self, data: &Value) -> bool {
        let value = read(data, &self.variable);
        match &self.test {
            Test::StringEquals(text) => value == &json!(text),
            Test::IsPresent(expected) => value.is_null() != *expected,
        }
    }
}

/// How one invocation of a task ended.
pub(crate) enum Invocation {
    Returned(Value),
    Failed {
        error: String,
        cause: String,
    },
    /// The whole execution is gone: aborted, or its time limit passed.
    Dead,
}

#[derive(Debug, PartialEq)]
pub(crate) enum End {
    Succeeded(String),
    Failed(String),
    Dead,
}

impl Machine {
    pub(crate) fn load() -> Self {
        Self::parse(DEFINITION)
    }

    pub(crate) fn parse(definition: &str) -> Self {
        serde_json::from_str(definition).expect("the definition uses only what the interpreter knows")
    }

    /// Runs one execution. `wait` gets how long a Wait state or a retry waits, in seconds, without jitter.
    pub(crate) async fn run(
        &self,
        input: Value,
        mut task: impl AsyncFnMut(&str, Value) -> Invocation,
        mut wait: impl FnMut(u64),
    ) -> End {
        let mut data = input;
        let mut at = self.start_at.clone();
        // More states than any attempt needs: a loop without end is a defect.
        for _ in 0..1000 {
            let state = self.states.get(&at).unwrap_or_else(|| panic!("there is no state {at}"));
            at = match state {
                State::Succeed { .. } => return End::Succeeded(at),
                State::Fail { error, .. } => return End::Failed(error.clone()),
                State::Wait { seconds_path, next, .. } => {
                    wait(read(&data, seconds_path).as_u64().expect("a number of seconds"));
                    next.clone()
                }
                State::Choice { choices, default, .. } => {
                    choices.iter().find(|rule| rule.matches(&data)).map_or(default, |rule| &rule.next).clone()
                }
                State::Task { resource, next, result_path, parameters, retry, catch, .. } => {
                    let mut tried = vec![0; retry.len()];
                    loop {
                        let input = match parameters {
                            Some(parameters) => select(parameters, &data, tried.iter().sum()),
                            None => data.clone(),
                        };
                        let (error, cause) = match task(resource, input).await {
                            Invocation::Returned(value) => {
                                write(&mut data, result_path, value);
                                break next.clone();
                            }
                            Invocation::Dead => return End::Dead,
                            Invocation::Failed { error, cause } => (error, cause),
                        };
                        let named = |names: &[String]| names.iter().any(|name| *name == error || name == "States.ALL");
                        if let Some(i) = retry.iter().position(|retrier| named(&retrier.error_equals))
                            && tried[i] < retry[i].max_attempts
                        {
                            wait(retry[i].delay(tried[i]));
                            tried[i] += 1;
                            continue;
                        }
                        let Some(catcher) = catch.iter().find(|catcher| named(&catcher.error_equals)) else {
                            return End::Failed(error);
                        };
                        if let Some(path) = &catcher.result_path {
                            write(&mut data, path, json!({"Error": error, "Cause": cause}));
                        }
                        break catcher.next.clone();
                    }
                }
            };
        }
        panic!("the execution does not end");
    }
}

/// The input of a task that has parameters, after so many retries.
fn select<'a>(parameters: impl IntoIterator<Item = (&'a String, &'a Value)>, data: &Value, retries: u32) -> Value {
    let field = |(name, value): (&'a String, &'a Value)| match (name.strip_suffix(".$"), value) {
        (Some(name), Value::String(path)) => {
            let value = match path.as_str() {
                "$" => data.clone(),
                "$$.State.RetryCount" => json!(retries),
                "$$.Task.Token" => json!("task-token"),
                path => read(data, path).clone(),
            };
            (name.to_owned(), value)
        }
        (None, Value::Object(fields)) => (name.clone(), select(fields, data, retries)),
        (None, Value::String(text)) => (name.clone(), json!(text)),
        _ => panic!("{name} is no path"),
    };
    Value::Object(parameters.into_iter().map(field).collect())
}

fn steps_of(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix("$.").unwrap_or_else(|| panic!("{path} is not a path the interpreter knows")).split('.')
}

fn read<'a>(data: &'a Value, path: &str) -> &'a Value {
    steps_of(path).fold(data, |value, step| &value[step])
}

fn write(data: &mut Value, path: &str, value: Value) {
    let place = steps_of(path).fold(data, |place, step| &mut place[step]);
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads the definition with one more field in the first state of `kind`.
    fn with_field(kind: &str, field: &str) -> Result<Machine, serde_json::Error> {
        let mut definition: Value = serde_json::from_str(DEFINITION).expect("JSON");
        let states = definition["States"].as_object_mut().expect("an object");
        let state = states.values_mut().find(|state| state["Type"] == kind);
        state.unwrap_or_else(|| panic!("there is a {kind} state"))[field] = json!("$.somewhere");
        serde_json::from_value(definition)
    }

    #[test]
    fn a_field_that_the_interpreter_would_skip_does_not_load() {
        for kind in ["Task", "Choice", "Wait", "Succeed", "Fail"] {
            for field in ["OutputPath", "InputPath", "ResultSelector", "Assign"] {
                let error = with_field(kind, field).map(|_| ()).expect_err("it is not known").to_string();
                assert!(error.contains("unknown field") && error.contains(field), "{kind}: {error}");
            }
        }
    }

    #[test]
    fn a_state_of_an_unknown_type_does_not_load() {
        let mut definition: Value = serde_json::from_str(DEFINITION).expect("JSON");
        definition["States"]["Further"] = json!({"Type": "Pass", "Next": "Further"});
        let error = serde_json::from_value::<Machine>(definition).map(|_| ()).expect_err("it is not known");
        assert!(error.to_string().contains("unknown variant"), "{error}");
    }
}

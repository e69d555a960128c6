//! Endpoints as code: a resource of a CloudFormation stack is an endpoint.
//!
//! The API decides what a template may say and when it is refused: this calls the same service.

mod attributes;
mod event;
mod resource;
mod response;
mod unasked;
mod wanted;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use api::{Ports, Problem, Service};
use futures::FutureExt;
use tokio::time::{Instant, timeout};

use crate::attributes::Attributes;
use crate::resource::Resource;
use crate::response::Outcome;
use crate::wanted::Wanted;

pub use crate::event::{Event, RequestType};
pub use crate::response::Response;
pub use crate::unasked::NoInspection;

/// How long everything may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// What is left of the function's time when the answer is sent, whatever it is.
    for_the_answer: Duration,
    /// Temporary refusals are retried until so long before that.
    for_the_last_try: Duration,
    /// Between two tries of a request that is refused temporarily.
    pub(crate) pause: Duration,
}

const PACE: Pace = Pace {
    for_the_answer: Duration::from_secs(20),
    for_the_last_try: Duration::from_secs(25),
    pause: Duration::from_secs(5),
};

/// Does what the request asks for, and says how that went. There is always an answer: without one CloudFormation waits for
/// an hour.
///
/// `left`: the function's time.
pub async fn answer<P: Ports>(service: &Service<P>, event: &Event, left: Duration) -> Response {
    answer_at(PACE, service, event, left).await
}

async fn answer_at<P: Ports>(pace: Pace, service: &Service<P>, event: &Event, left: Duration) -> Response {
    let for_all = left.saturating_sub(pace.for_the_answer);
    let until = Instant::now() + for_all.saturating_sub(pace.for_the_last_try);
    let resource = Resource::new(service, event, pace.pause, until);
    let acting = AssertUnwindSafe(act(&resource, event)).catch_unwind();
    let failed = |reason: String| Outcome::Failed { physical_id: physical_id(event), reason };
    let outcome = match timeout(for_all, acting).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panic)) => failed(unfinished("The function failed")),
        Err(_elapsed) => failed(unfinished("The services that the function uses took too long")),
    };
    Response::to(event, outcome)
}

fn unfinished(what: &str) -> String {
    format!("{what}. Deploy the stack again; the log of the function serve-custom-resource says more.")
}

async fn act<P: Ports>(resource: &Resource<'_, P>, event: &Event) -> Outcome {
    let failed = |reason: String| Outcome::Failed { physical_id: physical_id(event), reason };
    if event.request_type == RequestType::Delete {
        // Whatever the properties are: what was never registered can be deleted.
        return match resource.delete().await {
            Ok(()) => Outcome::Gone { physical_id: physical_id(event) },
            Err(problem) => failed(reason(&problem)),
        };
    }
    let wanted = match Wanted::read(&event.resource_properties) {
        Ok(wanted) => wanted,
        Err(why) => return failed(why),
    };
    let there = match event.request_type {
        RequestType::Create => resource.create(&wanted).await,
        RequestType::Update => {
            let before = Wanted::read(&event.old_resource_properties).ok();
            resource.update(&wanted, before.as_ref()).await
        }
        RequestType::Delete | RequestType::Unknown => {
            return failed("The request is none of Create, Update and Delete.".to_owned());
        }
    };
    match there {
        Ok(view) => Outcome::Done { physical_id: view.id.clone(), attributes: Attributes::of(&view) },
        Err(problem) => failed(reason(&problem)),
    }
}

/// In one text, as a stack's events show it.
fn reason(problem: &Problem) -> String {
    let field = problem.field.as_deref().map(|field| format!(" ({})", property(field))).unwrap_or_default();
    format!("{}{field}: {} {}", problem.title, problem.detail, problem.remedy)
}

/// The property of the template for a field of the API.
fn property(field: &str) -> String {
    let (name, index) = field.split_at(field.find('[').unwrap_or(field.len()));
    let name = match name {
        "also" => "AdditionalNames",
        "adopt" => "AdoptCertificateArn",
        "domain" => "Domain",
        "reachability" => "Reachability",
        "challenge" => "Challenge",
        "tenant" => "Tenant",
        "listeners" => "Listeners",
        "regions" => "Regions",
        "role" => "Role",
        "tags" => "Tags",
        "export_key" => "ExportKey",
        other => other,
    };
    format!("{name}{index}")
}

/// The id of the resource where there is no endpoint: as before, and at first derived from the request. The delete request
/// of a failed creation repeats it.
fn physical_id(event: &Event) -> String {
    let fresh = || format!("not-registered-{}", &request_key(event)[..16]);
    event.physical_resource_id.clone().unwrap_or_else(fresh)
}

/// The same for each delivery of a request, and for no other request.
pub(crate) fn request_key(event: &Event) -> String {
    let parts = [&event.stack_id, &event.logical_resource_id, &event.request_id];
    let written = serde_json::to_vec(&parts).expect("texts can be written as JSON");
    let digest = ring::digest::digest(&ring::digest::SHA256, &written);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;

//! Deploying the stack: by `sam deploy`, as to AWS, or by CloudFormation alone, which takes a tenth of the time.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::future::try_join_all;
use tokio::task::spawn_blocking;

use crate::aws::Aws;
use crate::emulators::{ACCESS_KEY, REGION};
use crate::layout::{CloudFolder, Project};
use crate::options::{Deployment, STACK_NAME, artifact_bucket};
use crate::packed::linked;
use crate::wait::wait_until;

const CREATION: Duration = Duration::from_secs(120);

/// Functions with the parameters that reserve executions for them: the emulator's CloudFormation passes that over. That the
/// template says so too, `infra/guard/entrances.guard` holds.
const RESERVED: [(&str, &str); 2] =
    [("ApiFunction", "ApiConcurrency"), ("ServeChallengeFunction", "ChallengeConcurrency")];

/// Physical ids of a stack's resources, by their names in the template.
pub type Resources = BTreeMap<String, String>;

/// The emulated AWS with its folder and the client to call it with.
pub(crate) struct Stack<'a> {
    pub(crate) project: &'a Project,
    pub(crate) folder: &'a CloudFolder,
    pub(crate) aws: &'a Aws,
    pub(crate) http: &'a reqwest::Client,
    pub(crate) endpoint: &'a str,
    pub(crate) region: &'a str,
}

impl Stack<'_> {
    /// Deploys `template` and returns what it made.
    pub(crate) async fn deploy(
        &self,
        deployment: Deployment,
        template: &Path,
        parameters: &[(String, String)],
    ) -> Result<Resources> {
        if !template.is_file() {
            bail!("{} is missing: run make build", template.display());
        }
        match deployment {
            Deployment::Sam => {
                let (project, folder) = (self.project.clone(), self.folder.clone());
                let (template, endpoint) = (template.to_owned(), self.endpoint.to_owned());
                let parameters = parameters.to_vec();
                spawn_blocking(move || crate::sam::deploy(&project, &folder, &template, &endpoint, &parameters))
                    .await??;
            }
            Deployment::CreateStack => self.put("CreateStack", template, parameters).await?,
        }
        self.resources(parameters).await
    }

    /// Makes `template` that of the stack that is there.
    pub(crate) async fn update(&self, template: &Path, parameters: &[(String, String)]) -> Result<Resources> {
        self.put("UpdateStack", template, parameters).await?;
        self.resources(parameters).await
    }

    /// Deletes the stack; what its template retains stays.
    pub(crate) async fn delete(&self) -> Result<()> {
        // Its id: a deleted stack is not found by its name.
        let described = self.cloudformation("DescribeStacks", &[]).await?;
        let id = (*texts(&described, "StackId").first().context("a stack has an id")?).to_owned();
        self.cloudformation("DeleteStack", &[]).await?;
        wait_until("the stack to be deleted", CREATION, async || {
            let described = cloudformation(self.http, self.endpoint, self.region, "DescribeStacks", &id, &[]).await?;
            match texts(&described, "StackStatus").first() {
                Some(&"DELETE_COMPLETE") => Ok(Some(())),
                Some(&"DELETE_IN_PROGRESS") => Ok(None),
                other => bail!("the stack is {other:?}: {described}"),
            }
        })
        .await
    }

    async fn resources(&self, parameters: &[(String, String)]) -> Result<Resources> {
        let described = self.cloudformation("DescribeStackResources", &[]).await?;
        let (names, ids) = (texts(&described, "LogicalResourceId"), texts(&described, "PhysicalResourceId"));
        ensure!(!names.is_empty() && names.len() == ids.len(), "the stack's resources: {described}");
        let resources: Resources =
            names.into_iter().zip(ids).map(|(name, id)| (name.to_owned(), id.to_owned())).collect();
        for (function, executions) in reserved(parameters)? {
            let name = resources.get(function).with_context(|| format!("the stack has no {function}"))?;
            let reserve = self.aws.lambda.put_function_concurrency().function_name(name);
            reserve.reserved_concurrent_executions(executions).send().await.context("PutFunctionConcurrency")?;
        }
        Ok(resources)
    }

    async fn put(&self, action: &str, template: &Path, parameters: &[(String, String)]) -> Result<()> {
        let (project, folder, template) = (self.project.clone(), self.folder.clone(), template.to_owned());
        let bucket = artifact_bucket(self.region);
        let of_code = bucket.clone();
        let linked = spawn_blocking(move || linked(&project, &folder, &template, &of_code)).await??;
        let put = |key: String, body: Vec<u8>| {
            let put = self.aws.s3.put_object().bucket(&bucket).key(&key).body(body.into());
            async move { put.send().await.with_context(|| format!("PutObject {key}")) }
        };
        try_join_all(linked.objects.into_iter().map(|(key, body)| put(key, body))).await?;

        // Too long to be sent with the call.
        let mut fields = vec![("TemplateURL".to_owned(), format!("{}/{bucket}/{}", self.endpoint, linked.key))];
        for (i, capability) in ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"].into_iter().enumerate() {
            fields.push((format!("Capabilities.member.{}", i + 1), capability.to_owned()));
        }
        fields.extend(parameter_fields(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
        self.cloudformation(action, &fields).await?;
        wait_until("the stack", CREATION, async || {
            let described = self.cloudformation("DescribeStacks", &[]).await?;
            match texts(&described, "StackStatus").first() {
                Some(&("CREATE_COMPLETE" | "UPDATE_COMPLETE")) => Ok(Some(())),
                Some(status) if status.ends_with("_IN_PROGRESS") && !status.contains("ROLLBACK") => Ok(None),
                other => {
                    let events = self.cloudformation("DescribeStackEvents", &[]).await?;
                    bail!("the stack is {other:?}: {:#?}", texts(&events, "ResourceStatusReason"))
                }
            }
        })
        .await
    }

    async fn cloudformation(&self, action: &str, fields: &[(String, String)]) -> Result<String> {
        cloudformation(self.http, self.endpoint, self.region, action, STACK_NAME, fields).await
    }
}

/// How many executions are reserved for which function. 0 reserves none.
fn reserved(parameters: &[(String, String)]) -> Result<Vec<(&'static str, i32)>> {
    let mut all = Vec::new();
    for (function, parameter) in RESERVED {
        if let Some((_, value)) = parameters.iter().find(|(name, value)| name == parameter && value != "0") {
            all.push((function, value.parse().with_context(|| format!("{parameter}: {value}"))?));
        }
    }
    Ok(all)
}

/// Calls CloudFormation about the stack `name`, and returns the answer's XML.
pub(crate) async fn cloudformation(
    http: &reqwest::Client,
    endpoint: &str,
    region: &str,
    action: &str,
    name: &str,
    fields: &[(String, String)],
) -> Result<String> {
    let own = [("Action", action), ("Version", "2010-05-15"), ("StackName", name)];
    let own = own.into_iter().chain(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    query_in(http, endpoint, region, "cloudformation", &own.collect::<Vec<_>>()).await
}

/// A call in AWS's query protocol to a service that has no client here. The answer is XML.
pub(crate) async fn query(
    http: &reqwest::Client,
    endpoint: &str,
    service: &str,
    fields: &[(&str, &str)],
) -> Result<String> {
    query_in(http, endpoint, REGION, service, fields).await
}

async fn query_in(
    http: &reqwest::Client,
    endpoint: &str,
    region: &str,
    service: &str,
    fields: &[(&str, &str)],
) -> Result<String> {
    let scope = format!("{ACCESS_KEY}/20260101/{region}/{service}/aws4_request");
    let response = http
        .post(endpoint)
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
        .form(fields)
        .send()
        .await?;
    let status = response.status();
    let text = response.text().await?;
    ensure!(status.is_success(), "{fields:?}: {status}: {text}");
    Ok(text)
}

/// Parameters as CloudFormation takes them.
pub fn parameter_fields<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    let of_one = |(i, (name, value)): (usize, (&str, &str))| {
        let field = |part: &str| format!("Parameters.member.{}.Parameter{part}", i + 1);
        [(field("Key"), name.to_owned()), (field("Value"), value.to_owned())]
    };
    parameters.into_iter().enumerate().flat_map(of_one).collect()
}

/// The content of each `element`, which has no others within.
pub fn texts<'a>(xml: &'a str, element: &str) -> Vec<&'a str> {
    let after = xml.split(&format!("<{element}>")).skip(1).collect::<Vec<_>>();
    after.into_iter().filter_map(|rest| rest.split_once("</")).map(|(text, _)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_reserve_executions_unless_they_are_zero() {
        let with = |pairs: &[(&str, &str)]| {
            reserved(&pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect::<Vec<_>>())
        };
        let all = [("ChallengeConcurrency", "4"), ("ApiConcurrency", "2"), ("AcmeProfile", "9")];
        assert_eq!(with(&all).expect("numbers"), [("ApiFunction", 2), ("ServeChallengeFunction", 4)]);
        assert_eq!(with(&[("ApiConcurrency", "0")]).expect("a number"), []);
        assert!(with(&[("ApiConcurrency", "many")]).is_err());
    }

    #[test]
    fn the_texts_of_an_element_are_those_between_its_tags() {
        let xml = "<a><id>one</id><idle>no</idle></a><a><id>two</id></a>";
        assert_eq!(texts(xml, "id"), ["one", "two"]);
        assert!(texts(xml, "none").is_empty());
    }
}

//! Stacks beside the product's: those of `infra/`, deployed as an operator does.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cloud::LocalCloud;
use crate::layout::Project;
use crate::stack::{parameter_fields, texts};
use crate::wait::wait_until;

const CREATION: Duration = Duration::from_secs(60);

impl LocalCloud {
    /// Deploys a template of the project, `infra/edge-api.yaml`, and returns the outputs of the stack `name`.
    pub async fn deploy_add_on(
        &self,
        name: &str,
        template: &str,
        parameters: &[(&str, &str)],
    ) -> Result<BTreeMap<String, String>> {
        let file = Project::find()?.root().join(template);
        let text = fs::read_to_string(file).with_context(|| format!("reading {template}"))?;
        let mut fields = vec![("TemplateBody".to_owned(), text)];
        fields.extend(parameter_fields(parameters.iter().copied()));
        self.cloudformation("CreateStack", name, &fields).await?;
        wait_until(&format!("the stack {name}"), CREATION, async || {
            let described = self.cloudformation("DescribeStacks", name, &[]).await?;
            match texts(&described, "StackStatus").first() {
                Some(&"CREATE_COMPLETE") => {
                    let (keys, values) = (texts(&described, "OutputKey"), texts(&described, "OutputValue"));
                    Ok(Some(keys.into_iter().zip(values).map(|(key, value)| (key.into(), value.into())).collect()))
                }
                Some(&"CREATE_IN_PROGRESS") => Ok(None),
                other => {
                    let events = self.cloudformation("DescribeStackEvents", name, &[]).await?;
                    bail!("the stack {name} is {other:?}: {:#?}", texts(&events, "ResourceStatusReason"))
                }
            }
        })
        .await
    }
}

//! What an operator does with a whole stack: deletes it, deploys it again, deploys it in another region.

use anyhow::Result;

use crate::aws::Aws;
use crate::bring_up::{api_of, create_bucket};
use crate::cloud::LocalCloud;
use crate::description::Description;
use crate::edge::Responder;
use crate::options::Deployment;
use crate::stack::{Resources, Stack};

impl LocalCloud {
    /// Deletes the stack. What it retains is left, and nothing of it answers any more.
    pub async fn delete_stack(&self) -> Result<()> {
        let http = self.http_client()?;
        self.stack(&http, self.aws(), &self.description().region).delete().await
    }

    /// Deploys the stack with the parameters that it had, onto what is there of it by now.
    pub async fn deploy_again(&mut self) -> Result<()> {
        let http = self.http_client()?;
        let Description { region, parameters, .. } = self.description();
        let stack = self.stack(&http, self.aws(), region);
        let resources = stack.update(&self.project().built_template(), parameters).await?;
        self.now_has(resources)?;
        self.lead_visitors_here()
    }

    /// Updates the stack with another value of one parameter.
    pub async fn change_parameter(&mut self, name: &str, value: &str) -> Result<()> {
        let parameters = &mut self.description_mut().parameters;
        parameters.retain(|(known, _)| known != name);
        parameters.push((name.to_owned(), value.to_owned()));
        self.deploy_again().await
    }

    /// Deploys the stack in another region of the same account, with the same parameters. The cloud of it is as this one,
    /// with the same zones, CA and edge; it ends with this one.
    pub async fn deploy_in(&self, region: &str) -> Result<Self> {
        let http = self.http_client()?;
        let description = Description { region: region.to_owned(), ..self.description().clone() };
        let aws = Aws::new(&description.aws, &description.acm, region);
        create_bucket(&aws, region).await?;
        let stack = self.stack(&http, &aws, region);
        let template = self.project().built_template();
        let resources = stack.deploy(Deployment::CreateStack, &template, &description.parameters).await?;
        let mut elsewhere = self.beside(description, aws);
        elsewhere.now_has(resources)?;
        Ok(elsewhere)
    }

    /// Makes the edge hand challenges to this stack: what a change of the load balancer's address in DNS does.
    pub fn lead_visitors_here(&self) -> Result<()> {
        Responder::of(self.description())?.write(self.folder())
    }

    fn now_has(&mut self, resources: Resources) -> Result<()> {
        let api = api_of(&self.description().aws, &resources)?;
        let description = self.description_mut();
        (description.api, description.resources) = (api, resources);
        Ok(())
    }

    fn stack<'a>(&'a self, http: &'a reqwest::Client, aws: &'a Aws, region: &'a str) -> Stack<'a> {
        Stack { project: self.project(), folder: self.folder(), aws, http, endpoint: &self.description().aws, region }
    }
}

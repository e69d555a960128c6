//! Roles of the account beside those of the stack, and what they see through the gate.

use anyhow::Result;
use aws_sdk_secretsmanager::config::{Credentials, SharedCredentialsProvider};
use serde_json::{Value, json};

use crate::cloud::LocalCloud;
use crate::stack::query;

impl LocalCloud {
    /// Makes a role of the operator's, which is allowed these actions on everything.
    pub async fn create_role(&self, name: &str, actions: &[&str]) -> Result<()> {
        let statement = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
        let trust = policy(&statement);
        self.iam(&[("Action", "CreateRole"), ("RoleName", name), ("AssumeRolePolicyDocument", &trust)]).await?;
        let allowed = policy(&json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
        let put =
            [("Action", "PutRolePolicy"), ("RoleName", name), ("PolicyName", "allowed"), ("PolicyDocument", &allowed)];
        self.iam(&put).await
    }

    /// Secrets Manager as `role` sees it.
    pub fn secrets_as(&self, role: &str) -> aws_sdk_secretsmanager::Client {
        let credentials = Credentials::new(role, "secret", Some("session-of-a-test".into()), None, "a role");
        let config = self.aws().config.clone().into_builder().endpoint_url(&self.description().gate);
        let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
        aws_sdk_secretsmanager::Client::new(&config)
    }

    async fn iam(&self, fields: &[(&str, &str)]) -> Result<()> {
        let fields = [&[("Version", "2010-05-08")], fields].concat();
        query(&self.http_client()?, &self.description().aws, "iam", &fields).await.map(drop)
    }
}

fn policy(statement: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

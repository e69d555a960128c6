# Written by tests/docs from template.yaml. Do not edit; renew it with:
# WRITE_PAGES=1 cargo nextest run -p documentation

output "version" {
  description = "Version of the stack. A release adds the commit that it was built from."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "Version", null)
}

output "api_url" {
  description = "Base URL of the API."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ApiUrl", null)
}

output "dashboard_url" {
  description = "The dashboard, for browsers."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "DashboardUrl", null)
}

output "sign_in_callback_url" {
  description = "Redirect URI to register at the OpenID provider."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "SignInCallbackUrl", null)
}

output "api_domain_target" {
  description = "Target of the DNS record for the host of BaseUrl (CNAME, or alias in Route 53)."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ApiDomainTarget", null)
}

output "api_domain_zone_id" {
  description = "Hosted zone id of that target, for an alias."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ApiDomainZoneId", null)
}

output "api_id" {
  description = "Id of the API, for IAM policies of callers."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ApiId", null)
}

output "table_name" {
  description = "Table of endpoints, attempts and events."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "TableName", null)
}

output "keys_table_name" {
  description = "Table of encrypted certificate keys."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "KeysTableName", null)
}

output "keys_key_arn" {
  description = "KMS key that encrypts the certificate keys."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "KeysKeyArn", null)
}

output "token_bucket" {
  description = "Bucket of HTTP-01 responses."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "TokenBucket", null)
}

output "state_machine_arn" {
  description = "State machine with one execution per attempt."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "StateMachineArn", null)
}

output "scan_expiring_function_name" {
  description = "Function that finds due endpoints and starts attempts."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ScanExpiringFunctionName", null)
}

output "check_health_function_name" {
  description = "Function that checks endpoints between renewals."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "CheckHealthFunctionName", null)
}

output "serve_challenge_function_name" {
  description = "Function that answers HTTP-01 challenges."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ServeChallengeFunctionName", null)
}

output "serve_challenge_function_arn" {
  description = "ARN of the same function, a parameter of infra/edge-alb.yaml."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ServeChallengeFunctionArn", null)
}

output "custom_resource_service_token" {
  description = "ServiceToken of Custom::ManagedHttpsEndpoint, for endpoints in templates of other stacks."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "CustomResourceServiceToken", null)
}

output "scan_dead_letters_url" {
  description = "Queue of scheduled runs that could not start."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ScanDeadLettersUrl", null)
}

output "records_dead_letters_url" {
  description = "Queue of changes of TXT records that could not be made."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "RecordsDeadLettersUrl", null)
}

output "alerts_topic_arn" {
  description = "Topic of notifications and alarms."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "AlertsTopicArn", null)
}

output "chat_topic_arn" {
  description = "Topic of notifications for chat applications (Amazon Q)."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "ChatTopicArn", null)
}

output "tenants_topic_arn" {
  description = "Topic of notifications for tenants, without ARNs and account numbers."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "TenantsTopicArn", null)
}

output "alerts_bus_name" {
  description = "EventBridge bus of events."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "AlertsBusName", null)
}

output "account_secret_arn" {
  description = "Secret with the ACME accounts."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "AccountSecretArn", null)
}

output "delegation_zone" {
  description = "Zone to which domain owners delegate their challenges."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "DelegationZone", null)
}

output "endpoint_target" {
  description = "Host name to which domain owners point their own CNAME."
  value       = lookup(aws_cloudformation_stack.managed_https.outputs, "EndpointTarget", null)
}

# Written by tests/docs from template.yaml. Do not edit; renew it with:
# WRITE_PAGES=1 cargo nextest run -p documentation

variable "acme_directory" {
  description = "URL of the ACME directory. The default is Let's Encrypt (production). Another CA's certificates may get a new ARN at their next renewal: docs/how-to/change-ca.md."
  type        = string
  default     = null
}

variable "acme_contact" {
  description = "E-mail address the CA may use to write about the account. Optional."
  type        = string
  default     = null
}

variable "acme_profile" {
  description = "Profile to order (Let's Encrypt has classic, tlsserver and shortlived). Empty: the CA's default. With other usages a certificate gets a new ARN at its next renewal: docs/how-to/change-ca.md."
  type        = string
  default     = null
}

variable "acme_eab_secret_arn" {
  description = "ARN of a Secrets Manager secret with the external account binding: {\"kid\": \"...\", \"hmac_key\": \"...\"}, or {\"DIRECTORY\": {\"kid\": \"...\", \"hmac_key\": \"...\"}} with one entry per CA. Encrypt it with the key aws/secretsmanager. Empty for Let's Encrypt."
  type        = string
  default     = null
}

variable "acme_trust_anchor" {
  description = "For a private CA: the root of the TLS certificate of its ACME server, as base64 of the DER on one line. It also lifts the rules for names of public CAs. Empty for a public CA."
  type        = string
  default     = null
}

variable "caa_identities" {
  description = "The CA's names in CAA records, comma-separated: the value of caaIdentities in its directory. Checks compare domain owners' CAA records with them."
  type        = string
  default     = null
}

variable "caa_account_uri" {
  description = "URL of the ACME account, shown by managed-https doctor (acme-account) after the first order. Checks compare it with accounturi in domain owners' CAA records. Optional."
  type        = string
  default     = null
}

variable "ca_limits" {
  description = "The CA's rate limits for the account: new orders, certificates per registered domain, and certificates per exact set of names, like orders=300/3h,domain=50/7d,names=5/7d (m, h and d; any of them), or unlimited. Empty: the published limits of Let's Encrypt, and no limits for other CAs."
  type        = string
  default     = null
}

variable "fallback_authorities" {
  description = "Fallback CAs, used in this order while the first one is unavailable: a JSON list, each entry with directory and caa_identities, and if needed profile, caa_account_uri, limits (as CaLimits) and trust_anchor (as AcmeTrustAnchor). Their external account bindings are in AcmeEabSecretArn. Used only for domains whose CAA records allow them. Optional."
  type        = string
  default     = null
}

variable "tenant_share" {
  description = "Percentage of the account's new orders one tenant may use. With a single tenant, 100."
  type        = number
  default     = null
}

variable "tenant_limits" {
  description = "Limits of one tenant: rates (registrations, renewals, checks, messages about new endpoints), endpoints, names, and its percentage of ACM's quotas, like registrations=300/1h,renewals=100/1h,checks=600/1h,messages=20/1d,endpoints=5000,names=20000,acm=50 (m, h and d; any of them, each also unlimited), or unlimited. These numbers are the defaults. Operators are not limited."
  type        = string
  default     = null
}

variable "persistent_records" {
  description = "Whether endpoints may be validated with a persistent TXT record instead of the delegation (dns-persist-01). It needs a CA that offers it, CaaIdentities (the first one is written into the record), and CaaAccountUri."
  type        = string
  default     = null
}

variable "delegation_zone" {
  description = "The zone to which domain owners delegate their challenges (acme.example.net): a public hosted zone of its own in Route 53, used for nothing else."
  type        = string
}

variable "delegation_hosted_zone_id" {
  description = "Hosted zone id of the delegation zone."
  type        = string
}

variable "endpoint_target" {
  description = "The host name to which domain owners point their hosts, usually that of the load balancer. A wildcard (*.edge.example.net, with one wildcard record of yours to the load balancer) gives each endpoint a target of its own: then one CNAME proves the domain and brings the visitors."
  type        = string
}

variable "tenant_proof" {
  description = "Whether a DNS record must prove that a domain belongs to the registering tenant, before the first order and after each change of names: the delegation (_acme-challenge), or a host that leads to the endpoint's own target. \"off\" is only for installations with tenants of your own: any tenant then gets a certificate for every name with a host that leads to the platform, also for names that another tenant has left there."
  type        = string
  default     = null
}

variable "unproven_hours" {
  description = "Hours a registration may be without its first certificate because nothing in DNS proves the domain. Then it is paused: its records are checked less and less often, down to about once a week, and issuance resumes once they are correct. An unproven registration reserves no name."
  type        = number
  default     = null
}

variable "move_grace_hours" {
  description = "Hours the certificate of an endpoint stays in ACM and on listeners after the domain owner has moved the DNS records to another tenant's registration. Then it is deleted."
  type        = number
  default     = null
}

variable "reserved_names" {
  description = "Names that only operators may register, with all names above and below them; commas between them. EndpointTarget, DelegationZone and the host of BaseUrl are always reserved."
  type        = string
  default     = null
}

variable "platform_name" {
  description = "Name of the platform for domain owners (Acme Shops), shown on their page and in the e-mail to them. Optional."
  type        = string
  default     = null
}

variable "support_contact" {
  description = "Contact for domain owners: an e-mail address, or the https URL of a page. Shown on their page and in the e-mail to them. Optional."
  type        = string
  default     = null
}

variable "domain_connect_templates" {
  description = "Your templates at DNS providers (Domain Connect), as PROVIDER-ID/SERVICE-ID for the delegation, or with /SERVICE-ID-OF-THE-HOST for the host's record, too: example.net/certificate/host. If a domain's DNS provider has them, missing records come with a link. Optional."
  type        = string
  default     = null
}

variable "oidc_issuer" {
  description = "URL of your OpenID provider, exactly as in its tokens (iss). It signs people in to the dashboard, and the API accepts its tokens. Empty: no sign-in, and the API accepts IAM only."
  type        = string
  default     = null
}

variable "oidc_client_id" {
  description = "Client id of this installation at the provider: a public client (code flow with PKCE, no secret) with the output SignInCallbackUrl as its redirect URI. Needed with an issuer."
  type        = string
  default     = null
}

variable "oidc_tenant_claim" {
  description = "Claim of the ID token with the tenant, as one string of letters, digits, hyphens, underscores and dots."
  type        = string
  default     = null
}

variable "oidc_roles_claim" {
  description = "Claim of the ID token with the roles, as a list or as one string."
  type        = string
  default     = null
}

variable "oidc_operator_role" {
  description = "Role of operators. They see and change the endpoints of all tenants."
  type        = string
  default     = null
}

variable "base_url" {
  description = "URL at which browsers reach the API, if it has a custom domain. Empty: the API's own."
  type        = string
  default     = null
}

variable "base_url_certificate_arn" {
  description = "ARN of a certificate in ACM for the host of BaseUrl, in the region of the stack. With it the stack makes that host a custom domain of the API. Empty: you point the host of BaseUrl to the API yourself."
  type        = string
  default     = null
}

variable "alert_email" {
  description = "E-mail address to subscribe to notifications. Optional."
  type        = string
  default     = null
}

variable "digest_schedule" {
  description = "When tenants with endpoints that need action get a digest (UTC). At most one a day."
  type        = string
  default     = null
}

variable "schedule" {
  description = "How often the scan looks for due endpoints. Certificates that live for days need minutes here, not hours."
  type        = string
  default     = null
}

variable "attempts_at_once" {
  description = "Maximum number of attempts at once; others wait in a queue. 0: four fifths of the account's unreserved Lambda concurrency, read when attempts start (8 in a new account with a concurrency of 10)."
  type        = number
  default     = null
}

variable "heartbeat_seconds" {
  description = "An alarm is raised when no scan has run for this long; managed-https doctor reports the other schedules. Must be at least three times the interval of the slowest schedule."
  type        = number
  default     = null
}

variable "customer_failures_per_hour" {
  description = "An alarm is raised when more attempts than this fail within an hour because of domain owners' records."
  type        = number
  default     = null
}

variable "setup_patience" {
  description = "Hours a new endpoint may wait for its first DNS records before a message says that it is stuck. 0: at once."
  type        = number
  default     = null
}

variable "runbook_url" {
  description = "Address of docs/runbooks, if you keep the runbooks elsewhere. Each alarm's description ends with this address and the alarm's own page, and messages link there. Empty, or docs/runbooks as in earlier releases: the API serves the pages."
  type        = string
  default     = null
}

variable "otlp_endpoint" {
  description = "Base URL of an OpenTelemetry collector (OTLP over HTTP) for one trace per attempt, as in OTEL_EXPORTER_OTLP_ENDPOINT. http only for a collector beside the function (a Lambda layer). Empty: no traces."
  type        = string
  default     = null
}

variable "otlp_headers_secret_arn" {
  description = "ARN of a Secrets Manager secret with HTTP headers for the collector, such as its API key: {\"api-key\": \"...\"}. Encrypt it with the key aws/secretsmanager. Optional."
  type        = string
  default     = null
}

variable "deployment_role_arns" {
  description = "ARNs of roles the installation may assume to import certificates into other accounts and install them on listeners there. Operators choose one of them per endpoint. docs/how-to/listeners-and-regions.md has the policies of such a role. Empty: this account only."
  type        = string
  default     = null
}

variable "listener_pools" {
  description = "Pools of listeners. A registration with the listener pool:NAME gets the listener on the load balancer with the most room for certificates. A JSON object of lists, each entry with listener (its ARN) and target (where the hosts on it point, as EndpointTarget). Optional."
  type        = string
  default     = null
}

variable "acm_quotas" {
  description = "ACM's quotas for this account and region, if Service Quotas cannot be read, or for a lower limit: imported certificates, and imports within 365 days. Empty, or AWS's defaults certificates=2500,imports=5000: the quotas are read from Service Quotas."
  type        = string
  default     = null
}

variable "successor_bucket" {
  description = "During a move to another installation: region and output TokenBucket of the new one, like eu-west-1/managed-https-tokenbucket-1abc. This installation then also answers the HTTP-01 challenges of the new one, since the hosts still lead here. Optional."
  type        = string
  default     = null
}

variable "export_role_arn" {
  description = "ARN of the one role that reads exported private keys. With it, endpoints can export each certificate with its private key to a Secrets Manager secret. Private keys then leave the installation, and everybody with this role has the keys of these endpoints. The export is off until somebody turns it on for an endpoint. Empty: no key is exported."
  type        = string
  default     = null
}

variable "api_concurrency" {
  description = "Reserved concurrency of the API function. It is also the function's maximum, so renewals always have the rest of the account's quota. AWS requires 100 unreserved executions: with the quota of a new account (10), keep 0. 0: nothing is reserved."
  type        = number
  default     = null
}

variable "challenge_concurrency" {
  description = "Reserved concurrency of the function that answers the CA's HTTP-01 requests, and its maximum. 0: nothing is reserved."
  type        = number
  default     = null
}

variable "health_schedule" {
  description = "How often the scheduler looks for endpoints due for a health check, and checks the installation itself. At most every five minutes, and at least every two hours; HeartbeatSeconds must cover three runs."
  type        = string
  default     = null
}

variable "health_minutes" {
  description = "Minutes between two health checks of an endpoint. A certificate with a lifetime under a hundred times that is checked a hundred times in its lifetime."
  type        = number
  default     = null
}

variable "health_subnet_ids" {
  description = "Subnets of your VPC in which check-health runs, so that it reaches internal hosts. They need a route to the internet (NAT). Empty: it runs outside any VPC, and internal hosts are not checked over TLS."
  type        = string
  default     = null
}

variable "health_security_group_ids" {
  description = "Security groups of check-health in these subnets. They must allow outbound ports 53, 80 and 443."
  type        = string
  default     = null
}

variable "internal_networks" {
  description = "Networks of internal hosts (CIDR, comma-separated). Internal hosts are checked over TLS only there and at public addresses. Empty: they are not checked over TLS."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days to keep logs."
  type        = number
  default     = null
}

variable "architecture" {
  description = "Processor of the functions."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the tables. The tables outlive the stack either way. Choose no for test stacks, so that their tables can be deleted."
  type        = string
  default     = null
}

locals {
  parameters = {
    AcmeDirectory = var.acme_directory
    AcmeContact = var.acme_contact
    AcmeProfile = var.acme_profile
    AcmeEabSecretArn = var.acme_eab_secret_arn
    AcmeTrustAnchor = var.acme_trust_anchor
    CaaIdentities = var.caa_identities
    CaaAccountUri = var.caa_account_uri
    CaLimits = var.ca_limits
    FallbackAuthorities = var.fallback_authorities
    TenantShare = var.tenant_share
    TenantLimits = var.tenant_limits
    PersistentRecords = var.persistent_records
    DelegationZone = var.delegation_zone
    DelegationHostedZoneId = var.delegation_hosted_zone_id
    EndpointTarget = var.endpoint_target
    TenantProof = var.tenant_proof
    UnprovenHours = var.unproven_hours
    MoveGraceHours = var.move_grace_hours
    ReservedNames = var.reserved_names
    PlatformName = var.platform_name
    SupportContact = var.support_contact
    DomainConnectTemplates = var.domain_connect_templates
    OidcIssuer = var.oidc_issuer
    OidcClientId = var.oidc_client_id
    OidcTenantClaim = var.oidc_tenant_claim
    OidcRolesClaim = var.oidc_roles_claim
    OidcOperatorRole = var.oidc_operator_role
    BaseUrl = var.base_url
    BaseUrlCertificateArn = var.base_url_certificate_arn
    AlertEmail = var.alert_email
    DigestSchedule = var.digest_schedule
    Schedule = var.schedule
    AttemptsAtOnce = var.attempts_at_once
    HeartbeatSeconds = var.heartbeat_seconds
    CustomerFailuresPerHour = var.customer_failures_per_hour
    SetupPatience = var.setup_patience
    RunbookUrl = var.runbook_url
    OtlpEndpoint = var.otlp_endpoint
    OtlpHeadersSecretArn = var.otlp_headers_secret_arn
    DeploymentRoleArns = var.deployment_role_arns
    ListenerPools = var.listener_pools
    AcmQuotas = var.acm_quotas
    SuccessorBucket = var.successor_bucket
    ExportRoleArn = var.export_role_arn
    ApiConcurrency = var.api_concurrency
    ChallengeConcurrency = var.challenge_concurrency
    HealthSchedule = var.health_schedule
    HealthMinutes = var.health_minutes
    HealthSubnetIds = var.health_subnet_ids
    HealthSecurityGroupIds = var.health_security_group_ids
    InternalNetworks = var.internal_networks
    LogRetentionDays = var.log_retention_days
    Architecture = var.architecture
    DeletionProtection = var.deletion_protection
  }
}

# The stack of managed-https as one module. It belongs to a release: its variables are the parameters of the template
# beside it, and the functions of that release are what it uploads. Nothing is built.
#
#   module "managed_https" {
#     source                    = "./managed-https/terraform"
#     bucket                    = "my-artifacts"
#     delegation_zone           = "acme.example.net"
#     delegation_hosted_zone_id = aws_route53_zone.acme.zone_id
#     endpoint_target           = "edge.example.net"
#   }

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "bucket" {
  description = "Bucket in the region of the stack, for the functions' code."
  type        = string
}

variable "stack_name" {
  description = "Name of the stack, of at most 51 characters."
  type        = string
  default     = "managed-https"
}

variable "release" {
  description = "Folder of the unpacked release."
  type        = string
  default     = null
}

locals {
  folder     = coalesce(var.release, "${path.module}/..")
  functions  = fileset(local.folder, "functions/*.zip")
  definition = "issue-certificate.asl.json"
  # Another release has other keys, so that CloudFormation sees that the code has changed.
  digest = sha256(join("", [for file in local.functions : filesha256("${local.folder}/${file}")]))
  prefix = "${var.stack_name}/${substr(local.digest, 0, 16)}"
  linked = replace(
    replace(file("${local.folder}/template.yaml"), "CodeUri: functions/", "CodeUri: s3://${var.bucket}/${local.prefix}/functions/"),
    "DefinitionUri: ${local.definition}", "DefinitionUri: s3://${var.bucket}/${local.prefix}/${filesha256("${local.folder}/${local.definition}")}.json"
  )
}

resource "aws_s3_object" "function" {
  for_each = local.functions
  bucket   = var.bucket
  key      = "${local.prefix}/${each.value}"
  source   = "${local.folder}/${each.value}"
}

resource "aws_s3_object" "definition" {
  bucket = var.bucket
  key    = "${local.prefix}/${filesha256("${local.folder}/${local.definition}")}.json"
  source = "${local.folder}/${local.definition}"
}

resource "aws_s3_object" "template" {
  bucket  = var.bucket
  key     = "${local.prefix}/${sha256(local.linked)}.yaml"
  content = local.linked
}

resource "aws_cloudformation_stack" "managed_https" {
  name         = var.stack_name
  template_url = "https://${var.bucket}.s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
  # Null keeps the template's default.
  parameters = { for name, value in local.parameters : name => tostring(value) if value != null }

  depends_on = [aws_s3_object.function, aws_s3_object.definition]

  timeouts {
    create = "30m"
    update = "60m"
  }
}

data "aws_region" "here" {}

data "aws_partition" "here" {}

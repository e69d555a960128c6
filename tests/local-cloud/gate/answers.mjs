// Errors as AWS writes them, in the protocol of the service that was asked.

import { randomUUID } from 'node:crypto'

/** Names of a refusal by IAM, and of a request that is not valid, where a service has its own. */
const DENIED = {
  elasticloadbalancing: 'AccessDenied',
  route53: 'AccessDenied',
  s3: 'AccessDenied',
  sns: 'AuthorizationError',
  sts: 'AccessDenied',
}
const INVALID = {
  elasticloadbalancing: 'ValidationError',
  lambda: 'InvalidParameterValueException',
  route53: 'InvalidInput',
  s3: 'InvalidRequest',
  secretsmanager: 'InvalidParameterException',
  sns: 'InvalidParameter',
  states: 'ValidationException',
  sts: 'ValidationError',
}
const THROTTLED = {
  dynamodb: 'ProvisionedThroughputExceededException',
  elasticloadbalancing: 'Throttling',
  lambda: 'TooManyRequestsException',
  route53: 'Throttling',
  s3: 'SlowDown',
  sns: 'Throttled',
  sqs: 'RequestThrottled',
  sts: 'Throttling',
}

export const denied = (service, message) =>
  error(service, DENIED[service.signed] ?? 'AccessDeniedException', message, isJson(service) ? 400 : 403)

export const invalid = (service, message) =>
  error(service, INVALID[service.signed] ?? 'ValidationException', message, 400)

export const throttled = (service) => {
  const status = { lambda: 429, s3: 503 }[service.signed] ?? 400
  return error(service, THROTTLED[service.signed] ?? 'ThrottlingException', 'Rate exceeded', status)
}

/** An error of any name: `{ status, headers, body }`. */
export function error(service, code, message, status) {
  const id = randomUUID()
  if (isJson(service)) {
    const headers = {
      'content-type': `application/x-amz-json-${service.protocol === 'json' ? '1.1' : '1.0'}`,
      'x-amzn-requestid': id,
    }
    return { status, headers, body: JSON.stringify({ __type: code, message, Message: message }) }
  }
  if (service.protocol === 'rest-json') {
    const headers = { 'content-type': 'application/json', 'x-amzn-errortype': code, 'x-amzn-requestid': id }
    return { status, headers, body: JSON.stringify({ Type: 'User', message, Message: message }) }
  }
  const one = `<Code>${code}</Code><Message>${escaped(message)}</Message>`
  const body =
    service.signed === 's3'
      ? `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${one}<RequestId>${id}</RequestId></Error>`
      : `<ErrorResponse xmlns="${service.namespace ?? ''}"><Error><Type>Sender</Type>${one}</Error><RequestId>${id}</RequestId></ErrorResponse>`
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': id }, body }
}

const isJson = (service) => ['json', 'smithy-rpc-v2-cbor'].includes(service.protocol)

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

// Package provider is what Pulumi loads as its plugin named aws: it translates the few resources of a flashmob cluster
// into calls of the EC2 API.
//
// It knows nothing of the sandbox. It goes wherever the AWS SDK's environment points (AWS_ENDPOINT_URL, AWS_REGION and
// credentials), so it drives any EC2-shaped endpoint. Resources and properties have the names and meanings of Pulumi's
// real AWS provider, version 6; properties that it does not know are kept and ignored.
//
// A resource that was made but did not become ready is reported as such, with its ID, so that it stays in Pulumi's
// state. Deleting what is gone succeeds; deleting what is still in use is tried again until it is free.
package provider

// Package sigv4 checks requests that were signed with AWS Signature Version 4, as every AWS SDK signs them, and signs
// those that the server makes itself.
//
// A signature covers the method, the path, the query, the headers that it names, and the body. It is made
// with a secret that both sides have, so whoever can check one can make one: [Keys] holds the secrets as they
// are, unlike API keys, of which a hash is enough.
//
//	keys.go    Key, Keys: the pairs that are let in
//	verify.go  Keys.Begin, Pending.Body: is this request of one of them
//	errors.go  Error: refusals, in the names by which SDKs know them
//	sign.go    Sign: a request of ours, with Credentials
//	account.go Account: the server's own
//
// The signature is not taken apart here: it is made once more by the SDK's own signer, from what the request
// says, and the two are compared.
//
// Source: AWS, IAM User Guide, "Signature Version 4 for API requests".
package sigv4

export { fixedKey } from './fixed-key.js';
export { hostileVariant, hostileVariants, seededRandom } from './hostile-der.js';
export { makeTestOcspResponse, type TestOcspResponseOptions, type TestSingleResponse } from './test-ocsp.js';
export {
  generateTestKey,
  signatureAlgorithmOf,
  signTestBits,
  signTestObject,
  TEST_NOW,
  TestCa,
  type TestCertificate,
  type TestCertificateOptions,
  type TestKey,
  type TestKeyKind,
} from './test-pki.js';
export {
  makeTestCrl,
  type TestCrlEntry,
  type TestCrlOptions,
  testDistributionPoints,
  type TestPointName,
  type TestScope,
} from './test-crl.js';
export { encodeTestPolicyMappings, testPolicyExtensions, type TestPolicyExtensions } from './test-policies.js';
export { withCrypto, withoutMlDsa } from './replace-crypto.js';
export { makeTestRequest, type TestRequestOptions } from './test-request.js';
export { type TestBatch, TestStatusChain, TestStatusSigner } from './test-status-chain.js';
export { OpensslFolder } from './openssl.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
export { EstClient, type EstClientOptions, type EstCredentials, type EstReply } from './est-client.js';
export { TestStatus, type TestSigner } from './test-status.js';
export { type FeedExchange, TestFeed } from './test-feed.js';
export { worstCertificateLists } from './worst-cases/certificate-lists.js';
export { worstCertificates } from './worst-cases/certificates.js';
export { worstCertificationRequests } from './worst-cases/certification-requests.js';
export { worstExtensionValues } from './worst-cases/extension-values.js';
export { worstNames } from './worst-cases/names.js';
export { worstOcspRequests, worstOcspResponses } from './worst-cases/ocsp.js';
export type { WorstCase } from './worst-cases/parts.js';
export { worstPem } from './worst-cases/pem.js';

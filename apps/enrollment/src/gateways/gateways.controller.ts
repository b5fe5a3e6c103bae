import { isIP } from 'node:net';
import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Consumes, OnListener, Public } from '@touchmark/server';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { UtcSeconds } from '../registry/schemas.js';
import { gatewayOf } from './gateway-of.js';
import { RenewGatewayCertificate } from './renew-gateway-certificate.js';
import { ReportSightings } from './report-sightings.js';

/** Base64 of at most so many octets, in one spelling. */
const base64 = (octets: number) =>
  z
    .base64()
    .min(1)
    .max(Math.ceil(octets / 3) * 4)
    .transform((text) => new Uint8Array(Buffer.from(text, 'base64')));

const MAX_SIGHTINGS = 500;
const MAX_CERTIFICATE = 4_096;
const MAX_CSR = 16_384;
/** 500 certificates of a usual size, and room for those that are larger. */
const SIGHTINGS_BODY = 1_048_576;
const RENEWAL_BODY = 65_536;

const Certificate = base64(MAX_CERTIFICATE).describe('base64 of the DER');

const Sightings = z.strictObject({
  sightings: z
    .array(
      z.strictObject({
        certificate: Certificate,
        at: UtcSeconds.describe('When it was let in; UTC seconds since 1970'),
        source: z
          .string()
          .max(64)
          .refine((text) => isIP(text) !== 0, 'not an IP address')
          .describe('IP address of the device, `::` where there is none'),
      }),
    )
    .min(1)
    .max(MAX_SIGHTINGS),
});
const SightingsReport = z
  .strictObject({
    accepted: z.int().describe('Sightings of certificates that the CA has'),
    unknown: z.int().describe('Sightings of others'),
  })
  .meta({ id: 'SightingsReport' });

const Renewal = z.strictObject({
  csr: base64(MAX_CSR).describe('base64 of a PKCS#10 request with a new key, DER'),
  proof: base64(2_048).describe('base64 of the signature by the current key over the renewal proof'),
  certificate: Certificate.optional().describe('Which certificate to renew; the one presented where absent'),
});
const RenewedCertificate = z
  .strictObject({
    certificate: z.string().describe('base64 of the DER'),
    issuerCertificate: z.string().describe('base64 of the DER'),
    notBefore: UtcSeconds,
    notAfter: UtcSeconds,
  })
  .meta({ id: 'RenewedCertificate' });

const toBase64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');

/** What gateways do here. They come to the device listener with their gateway-client certificate (`GatewayGuard`). */
@ApiTags('gateways')
@Controller('v1/gateways/self')
@OnListener('device')
@Public()
export class GatewaysController {
  constructor(
    private readonly reportSightings: ReportSightings,
    private readonly renewCertificate: RenewGatewayCertificate,
  ) {}

  @Post('sightings')
  @HttpCode(200)
  @Consumes('application/json', { bodyLimit: SIGHTINGS_BODY })
  @ApiOperation({
    summary: 'Report certificates that were let in',
    description: 'On the device port, with a gateway-client certificate. Safe to repeat.',
  })
  @ApiOkResponse({ standardSchema: SightingsReport })
  sightings(
    @Req() request: FastifyRequest,
    @Body({ schema: Sightings }) { sightings }: z.infer<typeof Sightings>,
  ): Promise<z.infer<typeof SightingsReport>> {
    return this.reportSightings.run(gatewayOf(request).name, sightings);
  }

  @Post('certificate')
  @Consumes('application/json', { bodyLimit: RENEWAL_BODY })
  @ApiOperation({
    summary: 'Renew a certificate of the gateway',
    description:
      'On the device port, with a gateway-client certificate. The proof is by the key of the certificate that is renewed, over ASCII ' +
      '"touchmark renewal", an octet 0, the SHA-256 of that certificate and the request.',
  })
  @ApiCreatedResponse({ standardSchema: RenewedCertificate })
  async certificate(
    @Req() request: FastifyRequest,
    @Body({ schema: Renewal }) renewal: z.infer<typeof Renewal>,
  ): Promise<z.infer<typeof RenewedCertificate>> {
    const { csr, proof, certificate = gatewayOf(request).certificate } = renewal;
    const renewed = await this.renewCertificate.run({ certificate, csr, proof });
    return {
      certificate: toBase64(renewed.certificate),
      issuerCertificate: toBase64(renewed.issuerCertificate),
      notBefore: renewed.notBefore,
      notAfter: renewed.notAfter,
    };
  }
}

// What a device does, with nothing but curl and openssl: it makes keys and requests, enrols and rotates over EST.
import { hold } from './stage.mjs';

/** A device with its files in the folder of the stage; `name` is its deviceSerial. */
export class Device {
  #stage;
  #est;

  constructor(stage, { name, deviceRef, est }) {
    this.#stage = stage;
    this.#est = est;
    this.name = name;
    this.deviceRef = deviceRef;
    this.certificate = '';
    this.key = '';
  }

  /** One line of shell in the stage's folder, shown as typed. */
  async #shell(line, show = line) {
    const { out } = await this.#stage.run('bash', ['-o', 'pipefail', '-ec', line], { show });
    return out;
  }

  async #curl(operation, options, csr, certificate) {
    const fetched = `curl -sS --fail-with-body --cacert root.pem ${options} -H 'Content-Type: application/pkcs10' --data-binary @${csr} ${this.#est}/${operation}`;
    const read = `base64 -di | openssl pkcs7 -inform DER -print_certs -out ${certificate}`;
    // the secret is not for the screen
    await this.#shell(`${fetched} | ${read}`, `${fetched.replace(/-u :\S+/, "-u ':$TOKEN'")} | ${read}`);
  }

  async enrol(token) {
    const { name } = this;
    await this.#shell(`openssl ecparam -name prime256v1 -genkey -noout -out ${name}.key`);
    await this.#shell(`openssl req -new -key ${name}.key -subj / -outform DER | openssl base64 > ${name}.csr`);
    await this.#curl('simpleenroll', `-u :${token}`, `${name}.csr`, `${name}.pem`);
    this.key = `${name}.key`;
    this.certificate = `${name}.pem`;
  }

  async rotate() {
    const { name } = this;
    await this.#shell(`openssl ecparam -name prime256v1 -genkey -noout -out ${name}-2.key`);
    await this.#shell(
      `openssl x509 -x509toreq -in ${name}.pem -signkey ${name}-2.key -copy_extensions copyall | openssl req -outform DER | openssl base64 > ${name}-2.csr`,
    );
    await this.#curl('simplereenroll', `--cert ${name}.pem --key ${name}.key`, `${name}-2.csr`, `${name}-2.pem`);
    this.key = `${name}-2.key`;
    this.certificate = `${name}-2.pem`;
  }

  /** What openssl reads in the certificate. */
  async read(options) {
    const { out } = await this.#stage.run('openssl', ['x509', '-in', this.certificate, '-noout', ...options]);
    return out.trim();
  }

  /** What the OCSP responder and the CRL that the certificate names say of it, each judged by openssl. `quiet`: show nothing. */
  async status({ quiet = false } = {}) {
    const { certificate } = this;
    const shell = (line) => this.#shell(line, quiet ? '' : line);
    const issuerUrl = /CA Issuers - URI:(\S+)/.exec(await this.read(['-ext', 'authorityInfoAccess']))?.[1];
    const crlUrl = /URI:(\S+)/.exec(await this.read(['-ext', 'crlDistributionPoints']))?.[1];
    const ocspUrl = await this.read(['-ocsp_uri']);
    hold(issuerUrl && crlUrl && ocspUrl, 'the certificate does not say where its status is');
    await shell(`curl -sS ${issuerUrl} | openssl x509 -inform DER -out issuer.pem`);
    await shell(`curl -sS ${crlUrl} | openssl crl -inform DER -out crl.pem`);
    const ocsp = await shell(
      `openssl ocsp -issuer issuer.pem -cert ${certificate} -url ${ocspUrl} -CAfile root.pem -verify_other issuer.pem 2>&1`,
    );
    hold(ocsp.includes('Response verify OK'), `openssl does not believe the responder:\n${ocsp}`);
    const crl = await shell(
      `openssl verify -crl_check -CAfile root.pem -untrusted issuer.pem -CRLfile crl.pem ${certificate} 2>&1 || true`,
    );
    const byCrl = crl.includes('certificate revoked') ? 'revoked' : /: OK$/m.test(crl) ? 'good' : crl.trim();
    return { ocsp: /: (good|revoked|unknown)$/m.exec(ocsp)?.[1], crl: byCrl };
  }
}

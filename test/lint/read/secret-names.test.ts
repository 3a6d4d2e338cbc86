/** Which members of settings are judged as secrets, and for what. */
import { describe, expect, test } from 'vitest';
import { lint } from '../../../src/lint/lint.js';

async function idsOf(content: string, name = 'values.yaml'): Promise<string[]> {
  const { findings } = await lint([{ name, content: Buffer.from(content) }], { now: 1_800_000_000 });
  return findings.map(({ id }) => id);
}

describe('holds a secret', () => {
  test.each([
    ['jwtSecret: changeme'],
    ['jwt:\n  secret: changeme'],
    ['jwt:\n  key: changeme'],
    ['jwt:\n  secret: 123456'],
    ['JWT_SECRET_KEY: changeme'],
    ['secretKeyBase: changeme'],
    ['JWT_SECRET_VALUE: changeme'],
    ['client_secret: your-client-secret'],
    ['signingKey: changeme'],
    ['clients:\n  app:\n    secret: changeme'],
    ['apiVersion: v1\nkind: Deployment\nspec:\n  env:\n  - name: JWT_SECRET\n    value: changeme'],
    ['Environment:\n- Name: JWT_SECRET\n  Value: changeme'],
    ['{"Jwt": {"Key": "changeme"}}', 'appsettings.json'],
    ['{"Jwt:Key": "changeme"}', 'appsettings.json'],
    ['Jwt__Key=changeme', '.env'],
    ['STRIPE_SECRET_KEY=changeme', '.env'],
    ['PUSHER_APP_SECRET=please-change-me', '.env'],
    ['spring.application.name=a\napp.jwt.secret=changeme\n', 'application.properties'],
    ['region = "eu"\njwt_secret = "changeme"\nzones = [\n  "a",\n]\n', 'prod.tfvars'],
    ['jwt_secret: changeme', 'ci.yml'],
    ['jwt_secret: changeme', 'db.yaml'],
    ['qa:\n  jwt_secret: changeme', 'settings.yml'],
    ['jwt_secret: changeme', 'translation-service/values.yaml'],
    ['jwt_secret: changeme', 'translation-service.yaml'],
    ['envVars:\n- key: JWT_SECRET\n  value: changeme', 'render.yaml'],
    ['variables:\n  JWT_SECRET:\n    value: changeme\n    description: signs', '.gitlab-ci.yml'],
    ['Parameters:\n  JwtSecret:\n    Type: String\n    Default: changeme', 'template.yaml'],
    ['{"variable": {"jwt_secret": {"default": "changeme"}}}', 'variables.tf.json'],
    ['HASURA_GRAPHQL_JWT_SECRET={"type":"HS256","key":"please-change-me","claims_namespace":"https://a.test"}', '.env'],
  ])('%j', async (content, name?: string) => {
    expect((await idsOf(content, name)).filter((id) => /^secret\/(?:well-known|placeholder)$/.test(id))).toHaveLength(
      1,
    );
  });
});

describe('holds no secret', () => {
  test.each([
    ['auth:\n  existingSecret: app\n  existingSecretKey: jwt-secret'],
    ['imagePullSecret: regcred\npullSecret: regcred\ntlsSecret: tls\nkubernetes_secret: app'],
    ['jwtSecretRef: app\njwtSecretName: app\njwtSecretKeyName: k\nsecretProviderClass: aws\njwtSecretSource: vault'],
    ['use_secret: "true"\nrotateSecret: "false"\nneeds_secret: "yes"\nhasSecret: "1"'],
    ['session_secret: true\napp_secret: "no"'],
    ['apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  data:\n  - secretKey: jwt-secret'],
    ['apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    vault.hashicorp.com/agent-inject-secret-jwt: a/b'],
    ['kind: Application\nspec:\n  helm:\n    parameters:\n    - name: jwt.secretKey\n      value: jwt'],
    ['volumes:\n- name: jwt-secret\n  value: x'],
    ['jobs:\n  a:\n    secrets: inherit'],
    ['E:\n  JWT_SECRET: !Ref JwtSecret'],
    ['rules:\n  no-secret: error\n  detect-secrets: off'],
    ['schemas:\n  a:\n    example:\n      client_secret: secret'],
    ['jwt:\n  key: ./jwt.pem'],
    ['{"dependencies": {"jwt-secret": "^1.0.0", "get-signing-key": "*"}}', 'package.json'],
    ['{"jwt-secret": "1.0"}', 'package.json'],
    ['{"require": {"lexik/jwt-secret": "^2"}}', 'composer.json'],
    ['{"login": {"secret": "Your secret", "jwtSecret": "The JWT secret is missing"}}', 'i18n.json'],
    ['{"login": {"secret": "Your secret"}}', 'locales/de.json'],
    [
      'app.jwt.secret=#{JWT_SECRET}\napp.other-secret=#{OTHER:a-default}\n'.replaceAll('#', '$'),
      'application.properties',
    ],
    ['{"login": {"secret": "Your secret"}}', 'messages.json'],
    ['{"login": {"secret": "Your secret"}}', 'messages_de.json'],
    ['{"login": {"secret": "Your secret"}}', 'i18n/checkout.json'],
    ['{"jwt": {"secret": "JWT_SECRET"}}', 'config/custom-environment-variables.json'],
    ['JWT_SECRET={"type":"RS256","jwk_url":"https://example.com/jwks.json"}', '.env'],
    ['parameters:\n- name: client_secret\n  in: formData\n  default: changeme', 'swagger.yml'],
    ['parameters:\n- name: client_secret\n  schema:\n    default: changeme', 'openapi.yml'],
    ['de:\n  client:\n    secret: Geheimnis\n    signing_key: Signaturschlüssel', 'strings.yml'],
    ['PUSHER_APP_SECRET=56bc50376045a1bf5151\nPLAID_SECRET=e1e5f1a9579e825872fdec657eff51', '.env'],
    ['TWITTER_CONSUMER_SECRET=4ffa569721cd29a32389b727\nAWS_SECRET_ACCESS_KEY=kvRdKFOz6FL41bQ7AnHenfWQ', '.env'],
    ['STRIPE_WEBHOOK_SECRET=whsec_5125492bd2d6\nSLACK_WEBHOOK_SIGNING_SECRET=5125492bd2d6', '.env'],
    ["SECRET_KEY='Gx*6/)}UZX<dt$i6>S{NlH9C~9{itEiMqguY :<(&Hc^FumAeOkpIh+K}>?wt=1q'", '.env'],
    ['A_JWT_SECRET=gcp-sm://a/b\nB_JWT_SECRET=azurekeyvault://v/x\nC_JWT_SECRET=secret://foo', '.env'],
    ['JWT_SECRET=encrypted:BK4x8Ldv0YQ9wFjWbXy9', '.env'],
  ])('%j', async (content, name?: string) => {
    expect(await idsOf(content, name)).toEqual([]);
  });
});

describe('a secret that signs tokens is too short', () => {
  test.each([
    ['JWT_SECRET'],
    ['ACCESS_TOKEN_SECRET'],
    ['SESSION_SECRET'],
    ['NEXTAUTH_SECRET'],
    ['AUTH_SECRET'],
    ['SIGNING_KEY'],
    ['SECRET'],
    ['SECRET_KEY'],
    ['APP_SECRET'],
    ['DJANGO_SECRET_KEY'],
    ['SECRET_KEY_BASE'],
  ])('%s', async (name) => {
    expect(await idsOf(`${name}=h7Kp2mQx`, '.env')).toEqual(['secret/too-short']);
  });
});

test('a Secret with random bytes is measured in bytes', async () => {
  const secret = (bytes: Buffer) => `apiVersion: v1\nkind: Secret\ndata:\n  jwt-secret: ${bytes.toString('base64')}\n`;
  const random = Buffer.from('e8f8df06d46c9d3cc004b6bb56bf7ef5d8d3cd65965ac99cd320e2c01204d6a6', 'hex');
  expect(await idsOf(secret(random))).toEqual([]);
  expect(await idsOf(secret(random.subarray(0, 20)))).toEqual(['secret/too-short']);
});

/** Types of the parts of node-jose that the tests use; the package has no types. */
declare module "node-jose" {
  interface Key {
    readonly kty: string;
  }
  interface Encryptor {
    update(text: string): Encryptor;
    final(): Promise<string>;
  }
  interface Decrypted {
    readonly payload: Buffer;
    readonly header: Readonly<Record<string, unknown>>;
  }
  const jose: {
    JWK: { asKey(jwk: object): Promise<Key> };
    JWE: {
      createEncrypt(
        options: { format: "compact"; contentAlg: string; fields: Readonly<Record<string, string>> },
        recipient: { key: Key; reference: false },
      ): Encryptor;
      createDecrypt(key: Key): { decrypt(token: string): Promise<Decrypted> };
    };
  };
  export default jose;
}

#include "tools/sign_key.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "tools/tools.h"

#define SIGNED_BYTES (TH_HASH_DOMAIN_BYTES + TH_HASH_BYTES)

struct th_sign_key {
	EVP_PKEY *pair;
	uint8_t public_key[TH_ED25519_KEY_BYTES];
};

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_context(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

/* No pass phrase is asked for: a recording must not stop at a prompt. */
static int no_phrase(char *phrase, int size, int writing, void *user)
{
	(void)phrase, (void)size, (void)writing, (void)user;
	return -1;
}

static int take_public(const char *path, EVP_PKEY *key, uint8_t ret_key[TH_ED25519_KEY_BYTES])
{
	size_t n = TH_ED25519_KEY_BYTES;
	if (key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
		EVP_PKEY_get_raw_public_key(key, ret_key, &n) == 1) {
		return TH_EXIT_OK;
	}
	th_tool_error("%s: holds no Ed25519 key that can be used (PEM, without pass phrase; "
		      "\"openssl genpkey -algorithm ed25519\" makes one)",
		path);
	return TH_EXIT_USAGE;
}

/* It is used all the same: in containers, say, key files have the rights that a volume gives. */
static void warn_of_rights(const char *path, FILE *f)
{
	struct stat st;
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 077) {
		th_tool_error("%s: others than its owner may read this key (chmod 600): what it "
			      "signs proves little",
			path);
	}
}

int th_sign_key_load(const char *path, struct th_sign_key **ret_key)
{
	th_auto_fclose FILE *f = NULL;
	int code = th_tool_open(path, &f);
	if (code != TH_EXIT_OK) {
		return code;
	}
	struct th_sign_key *key = th_tool_alloc(sizeof(*key));
	key->pair = PEM_read_PrivateKey(f, NULL, no_phrase, NULL);
	code = take_public(path, key->pair, key->public_key);
	if (code == TH_EXIT_OK) {
		warn_of_rights(path, f);
		*ret_key = key;
	} else {
		th_sign_key_destroy(key);
	}
	return code;
}

int th_sign_key_load_public(const char *path, uint8_t ret_key[TH_ED25519_KEY_BYTES])
{
	th_auto_fclose FILE *f = NULL;
	int code = th_tool_open(path, &f);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_cleanup(free_key) EVP_PKEY *key = PEM_read_PUBKEY(f, NULL, no_phrase, NULL);
	return take_public(path, key, ret_key);
}

struct th_sign_key *th_sign_key_destroy(struct th_sign_key *key)
{
	if (key) {
		EVP_PKEY_free(key->pair);
		free(key);
	}
	return NULL;
}

static void put_message(const uint8_t *seal, uint8_t ret_message[SIGNED_BYTES])
{
	memcpy(ret_message, "tracehook sign\n\n", TH_HASH_DOMAIN_BYTES);
	memcpy(ret_message + TH_HASH_DOMAIN_BYTES, seal, TH_HASH_BYTES);
}

int th_sign_seal(const struct th_sign_key *key, const uint8_t seal[TH_HASH_BYTES],
	struct th_signature *ret_signature)
{
	uint8_t message[SIGNED_BYTES];
	struct th_signature s;
	size_t n = sizeof(s.signature);
	put_message(seal, message);
	memcpy(s.seal, seal, sizeof(s.seal));
	memcpy(s.public_key, key->public_key, sizeof(s.public_key));
	th_cleanup(free_context) EVP_MD_CTX *c = EVP_MD_CTX_new();
	if (!c || EVP_DigestSignInit(c, NULL, NULL, NULL, key->pair) != 1 ||
		EVP_DigestSign(c, s.signature, &n, message, sizeof(message)) != 1) {
		return -EIO;
	}
	*ret_signature = s;
	return 0;
}

bool th_sign_holds(const struct th_signature *s)
{
	uint8_t message[SIGNED_BYTES];
	put_message(s->seal, message);
	th_cleanup(free_key) EVP_PKEY *key = EVP_PKEY_new_raw_public_key(
		EVP_PKEY_ED25519, NULL, s->public_key, sizeof(s->public_key));
	th_cleanup(free_context) EVP_MD_CTX *c = EVP_MD_CTX_new();
	return key && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(c, s->signature, sizeof(s->signature), message, sizeof(message)) ==
		1;
}

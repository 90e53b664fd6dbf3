/* An ephemeral znode, in C. Argument: the servers. */
#include <stdio.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

static int failed(const char *call, int code) {
  if (code != ZOK) fprintf(stderr, "%s: %s\n", call, zerror(code));
  return code != ZOK;
}

int main(int count, char **arguments) {
  const char *servers = count > 1 ? arguments[1] : "127.0.0.1:2181";
  zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
  zhandle_t *client = zookeeper_init(servers, NULL, 10000, NULL, NULL, 0);
  if (client == NULL) return 1;

  /* Calls wait until the client is connected. */
  const char *hello = "hello from C";
  char data[64];
  int length = sizeof data;
  int code = zoo_create(client, "/data", hello, (int)strlen(hello), &ZOO_OPEN_ACL_UNSAFE,
                        ZOO_EPHEMERAL, NULL, 0);
  if (failed("create", code)) return 1;
  if (failed("get", zoo_get(client, "/data", 0, data, &length, NULL))) return 1;
  printf("%.*s\n", length, data);
  return failed("close", zookeeper_close(client));
}

/* record --proxy, replay --proxy: what is run in the place of the program. */
#ifndef TOOLS_PROXY_AGENT_H
#define TOOLS_PROXY_AGENT_H

/* The command line that runs `agent` behind a proxy of ours (tracehook proxy). Kept for good. */
char **th_proxy_agent(char **agent);

#endif

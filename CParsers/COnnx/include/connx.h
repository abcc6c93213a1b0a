/* A placeholder until the reader lands. */
#ifndef CONNX_H
#define CONNX_H
int connx_placeholder(void);
#endif

/* A preloaded library that does nothing: what preloading costs by itself. */
__attribute__((constructor)) static void begin(void)
{
}

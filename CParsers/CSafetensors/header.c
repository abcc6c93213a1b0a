#include "csafetensors.h"
typedef int csafetensors_placeholder;

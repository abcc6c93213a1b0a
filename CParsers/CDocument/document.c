#include "cdocument.h"
typedef int cdocument_placeholder;

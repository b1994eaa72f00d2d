/* What the files of explain/ share. */
#ifndef WEFT_EXPLAIN_PRIVATE_H
#define WEFT_EXPLAIN_PRIVATE_H

#include "explain/explain.h"

/* Fills report->sentence from the rest of the report. */
void explain_words(struct explain_report *r);

#endif

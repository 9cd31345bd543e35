/* The one table of error and refusal codes. Floor 0. Append only; the names are part of our file formats. */
#ifndef BMU_BASE_ERR_CODES_H
#define BMU_BASE_ERR_CODES_H

/* clang-format off */
#define ERR_CODES(X) \
    /* general */ \
    X(NO_MEMORY,           -1, "memory could not be had") \
    X(INTERNAL,            -2, "a bug of ours") \
    X(USAGE,               -3, "the command or its options are wrong") \
    X(FILE_MISSING,        -4, "the file does not exist") \
    X(FILE_READ,           -5, "the file could not be read") \
    X(FILE_WRITE,          -6, "the file could not be written; what was there before is untouched") \
    X(FILE_EMPTY,          -7, "the file holds no bytes") \
    X(LIMIT,               -8, "larger than the stated limit") \
    X(UNSUPPORTED,         -9, "well-formed, but outside what is supported") \
    X(THREAD,             -10, "a thread could not be started") \
    /* images */ \
    X(IMAGE_TYPE,         -20, "not a PNG or JPEG image") \
    X(IMAGE_TRUNCATED,    -21, "the image file ends early") \
    X(IMAGE_CORRUPT,      -22, "the image file is damaged") \
    X(IMAGE_TOO_LARGE,    -23, "the image declares more pixels than the limit") \
    X(IMAGE_EMPTY,        -24, "the image has zero width or height") \
    X(IMAGE_DEPTH,        -25, "the image's bits per sample do not fit the slot") \
    X(IMAGE_COLOUR,       -26, "a colour image where grey is due, or a colour model that is not supported") \
    /* tables */ \
    X(CSV_SYNTAX,         -40, "not RFC 4180: quoting") \
    X(CSV_RAGGED,         -41, "a row has more or fewer cells than the header") \
    X(CSV_NUL,            -42, "a NUL byte in a text file") \
    X(CSV_UTF8,           -43, "not UTF-8") \
    X(CSV_CELL_TOO_LONG,  -44, "a cell is longer than the limit") \
    X(CSV_COLUMN_UNKNOWN, -45, "a column that is not known") \
    X(CSV_COLUMN_MISSING, -46, "a column that is needed is not there") \
    X(CSV_COLUMN_TWICE,   -47, "a column appears twice") \
    X(CSV_EMPTY,          -48, "no data rows") \
    X(EXAM_ID_TWICE,      -60, "two rows carry the same exam_id") \
    X(EXAM_ID_EMPTY,      -61, "the exam_id is empty") \
    X(EXAM_NO_IMAGE,      -62, "the exam has no usable image; at least one is needed") \
    X(VIEW_DUPLICATE,     -63, "the same file or the same bytes stand in two slots of one exam") \
    X(VALUE_SYNTAX,       -64, "the value cannot be read as what the schema says") \
    X(VALUE_RANGE,        -65, "the value lies outside the schema's range") \
    X(VALUE_MISSING,      -66, "a value that must not be missing is missing") \
    X(VIEW_NOT_TAKEN,     -67, "this network has no place for that view") \
    /* configuration */ \
    X(YAML,               -80, "the YAML file is malformed or has an unknown key") \
    X(SCHEMA,             -81, "the clinical schema contradicts itself") \
    X(TREE,               -82, "the disease tree contradicts itself") \
    X(CONFIG,             -83, "the model configuration contradicts itself") \
    /* weights */ \
    X(SAFETENSORS,       -100, "not a well-formed safetensors file") \
    X(TORCH_LEGACY,      -101, "a PyTorch checkpoint in the old (non-zip) format") \
    X(TORCH_ZIP,         -102, "not a well-formed PyTorch zip checkpoint") \
    X(PICKLE_OPCODE,     -103, "a pickle opcode outside the whitelist") \
    X(PICKLE_CLASS,      -104, "a pickle class outside the whitelist") \
    X(PICKLE,            -105, "a malformed pickle") \
    X(TENSOR_DTYPE,      -106, "a tensor type outside the list") \
    X(TENSOR_STRIDE,     -107, "a tensor that is not contiguous") \
    X(TENSOR_STORAGE,    -108, "a tensor that lies outside its storage") \
    X(WEIGHTS_KEYS,      -109, "missing, extra or misshapen tensors") \
    X(WEIGHTS_NAN,       -110, "a weight is NaN or infinite") \
    X(MODEL_METADATA,    -111, "the model file's metadata is missing or contradicts itself") \
    /* engine */ \
    X(ENGINE,            -120, "the tensor library refused an operation") \
    X(OUTPUT_NAN,        -121, "the network's output is NaN or infinite") \
    X(BATCH_TOO_SMALL,   -122, "too few pixels or rows in the batch for its statistics") \
    /* training */ \
    X(TRAIN_NAN,         -130, "a loss or gradient is NaN or infinite") \
    X(LABEL,             -131, "a label that the disease tree does not have")
/* clang-format on */

#endif

/* The one table of error and refusal codes: name, number, class, meaning. Floor 0. Append only; the names are part of our file formats.
 *
 * The class says whose turn it is, and everything that treats codes alike follows from it:
 *   USAGE        the command or the call is wrong: change it
 *   INPUT        a file that was named cannot be used, or does not allow what was asked for: correct the file
 *   REFUSED      what one exam's own bytes and values say: that exam is refused, the others go on, and the same bytes get the same answer
 *   ENVIRONMENT  memory, disk, threads, programs or fonts of this machine: the same call may succeed later
 *   INTERRUPTED  a signal stopped it
 *   INTERNAL     an error in this program */
#ifndef BMU_BASE_ERR_CODES_H
#define BMU_BASE_ERR_CODES_H

/* clang-format off */
#define ERR_CODES(X) \
    /* general */ \
    X(NO_MEMORY,             -1, ENVIRONMENT, "out of memory") \
    X(INTERNAL,              -2, INTERNAL,    "internal error: please report it") \
    X(USAGE,                 -3, USAGE,       "the command or its options are wrong") \
    X(FILE_MISSING,          -4, INPUT,       "the file does not exist") \
    X(FILE_READ,             -5, INPUT,       "the file could not be read") \
    X(FILE_WRITE,            -6, ENVIRONMENT, "the file could not be written; any older version is untouched") \
    X(FILE_EMPTY,            -7, INPUT,       "the file is empty") \
    X(LIMIT,                 -8, INPUT,       "larger than the stated limit") \
    X(UNSUPPORTED,           -9, INPUT,       "well-formed, but outside what is supported") \
    X(THREAD,               -10, ENVIRONMENT, "a thread could not be started") \
    X(OPEN_FILES,           -11, ENVIRONMENT, "the process, or the machine, may open no more files") \
    /* images */ \
    X(IMAGE_TYPE,           -20, REFUSED,     "not a PNG, JPEG or DICOM image") \
    X(IMAGE_TRUNCATED,      -21, REFUSED,     "the image file ends early") \
    X(IMAGE_CORRUPT,        -22, REFUSED,     "the image file is damaged") \
    X(IMAGE_TOO_LARGE,      -23, REFUSED,     "the image declares more pixels than the limit") \
    X(IMAGE_EMPTY,          -24, REFUSED,     "the image has zero width or height") \
    X(IMAGE_DEPTH,          -25, REFUSED,     "the image's bits per sample do not fit the slot") \
    X(IMAGE_COLOUR,         -26, REFUSED,     "a colour image where a grey one is required, or an unsupported colour model") \
    X(IMAGE_TOO_SMALL,      -27, REFUSED,     "the image, or the breast in it, has too few pixels to be used") \
    X(IMAGE_BLANK,          -28, REFUSED,     "the image is empty: one value nearly everywhere") \
    X(IMAGE_SATURATED,      -29, REFUSED,     "most of the image is saturated: its detail is lost") \
    X(IMAGE_NOT_BREAST,     -30, REFUSED,     "the image does not look like the examination that its slot is for") \
    X(IMAGE_POLARITY,       -31, REFUSED,     "the background is brighter than the breast, or two attributes disagree on what is black") \
    X(IMAGE_KIND,           -32, REFUSED,     "B-mode, colour Doppler or elastography in the slot of one of the others") \
    /* the decoder and DICOM */ \
    X(DECODER,             -150, ENVIRONMENT, "the decoder program cannot be found or started") \
    X(DECODER_CRASH,       -151, INPUT,       "the decoder crashed on this file") \
    X(DECODER_TIMEOUT,     -152, INPUT,       "the decoder took too long on this file") \
    X(DECODER_SANDBOX,     -153, INPUT,       "the decoder attempted a forbidden operation") \
    X(DICOM_SYNTAX,        -154, REFUSED,     "not a well-formed DICOM file") \
    X(DICOM_NO_PIXELS,     -155, REFUSED,     "a DICOM file without an image") \
    X(DICOM_TRANSFER,      -156, REFUSED,     "an unsupported DICOM transfer syntax") \
    X(DICOM_PIXELS,        -157, REFUSED,     "the pixel data contradict the file's description of them") \
    X(DICOM_LUT,           -158, REFUSED,     "a lookup table or window that cannot be applied") \
    X(MODALITY_WRONG,      -160, REFUSED,     "an image of a modality other than its slot's") \
    X(VIEW_NOT_STANDARD,   -161, REFUSED,     "a mammogram that is neither CC nor MLO, or a special view (spot, magnification ...)") \
    X(VIEW_MISMATCH,       -162, REFUSED,     "the file's view is not its slot's") \
    X(SIDE_MISMATCH,       -163, REFUSED,     "the file's side contradicts the table or the exam's other files") \
    X(SIDE_IMAGE,          -164, REFUSED,     "the chest wall is on the side of the image opposite to what the file or the table says") \
    X(SIDE_UNKNOWN,        -165, REFUSED,     "the side of the chest wall cannot be determined") \
    X(FOR_PROCESSING,      -166, REFUSED,     "raw detector data, not for presentation") \
    X(TOMOSYNTHESIS,       -167, REFUSED,     "tomosynthesis slices, or a view synthesised from them") \
    X(IMPLANT,             -168, REFUSED,     "a breast with an implant") \
    X(SPECIMEN,            -169, REFUSED,     "an image of a specimen, not of a breast") \
    X(PATIENT_MISMATCH,    -170, REFUSED,     "two files of one exam name different patients, or a patient other than the table's") \
    X(STUDY_MISMATCH,      -171, REFUSED,     "two files of one modality come from different studies") \
    X(DATE_APART,          -172, REFUSED,     "two files of one exam were acquired too far apart in time") \
    /* scanning folders */ \
    X(SCAN_AMBIGUOUS,      -180, REFUSED,     "several files or studies fit one place, and no rule chooses between them") \
    X(SCAN_NOT_CHOSEN,     -181, REFUSED,     "another file of the same view was chosen, by a stated rule") \
    X(SCAN_DUPLICATE,      -182, REFUSED,     "the same bytes as another file that is listed") \
    X(SCAN_NO_TAGS,        -183, REFUSED,     "an image without DICOM tags, and no file name pattern says what it shows") \
    X(SCAN_NO_PATIENT,     -184, REFUSED,     "no patient is named: it is not known whose image this is") \
    X(SCAN_PLANE,          -185, REFUSED,     "an ultrasound image that does not say whether it is transverse or longitudinal") \
    X(SCAN_NOT_FOLLOWED,   -186, REFUSED,     "a link or a special file: not opened") \
    X(SCAN_NAME,           -187, REFUSED,     "a file name that cannot be written to a table") \
    X(CLINICAL_UNMATCHED,  -188, REFUSED,     "a clinical row without an exam, or an exam without a clinical row") \
    X(DEIDENTIFY_PIXELS,   -189, REFUSED,     "the image may contain burned-in text that cannot be located") \
    /* tables */ \
    X(CSV_SYNTAX,           -40, INPUT,       "not RFC 4180: quoting") \
    X(CSV_RAGGED,           -41, INPUT,       "a row has more or fewer cells than the header") \
    X(CSV_NUL,              -42, INPUT,       "a NUL byte in a text file") \
    X(CSV_UTF8,             -43, INPUT,       "not UTF-8") \
    X(CSV_CELL_TOO_LONG,    -44, INPUT,       "a cell is longer than the limit") \
    X(CSV_COLUMN_UNKNOWN,   -45, INPUT,       "an unknown column") \
    X(CSV_COLUMN_MISSING,   -46, INPUT,       "a required column is missing") \
    X(CSV_COLUMN_TWICE,     -47, INPUT,       "a column appears twice") \
    X(CSV_EMPTY,            -48, INPUT,       "no data rows") \
    X(EXAM_ID_TWICE,        -60, INPUT,       "two rows have the same exam_id") \
    X(EXAM_ID_EMPTY,        -61, INPUT,       "the exam_id is empty") \
    X(EXAM_NO_IMAGE,        -62, REFUSED,     "the exam has no usable image; at least one is needed") \
    X(VIEW_DUPLICATE,       -63, REFUSED,     "the same file or the same bytes in two slots of one exam") \
    X(VALUE_SYNTAX,         -64, REFUSED,     "the value cannot be parsed as the schema's type") \
    X(VALUE_RANGE,          -65, REFUSED,     "the value lies outside the schema's range") \
    X(VALUE_MISSING,        -66, REFUSED,     "a value that must not be missing is missing") \
    X(VIEW_NOT_TAKEN,       -67, REFUSED,     "this network does not take that view") \
    /* configuration */ \
    X(YAML,                 -80, INPUT,       "the YAML file is malformed or has an unknown key") \
    X(SCHEMA,               -81, INPUT,       "the clinical schema contradicts itself") \
    X(TREE,                 -82, INPUT,       "the disease tree contradicts itself") \
    X(CONFIG,               -83, INPUT,       "the model configuration contradicts itself") \
    X(TREE_HEAD,            -84, INPUT,       "the network's outputs are not the leaves of the disease tree") \
    /* weights */ \
    X(SAFETENSORS,         -100, INPUT,       "not a well-formed safetensors file") \
    X(TORCH_LEGACY,        -101, INPUT,       "a PyTorch checkpoint in the old (non-zip) format") \
    X(TORCH_ZIP,           -102, INPUT,       "not a well-formed PyTorch zip checkpoint") \
    X(PICKLE_OPCODE,       -103, INPUT,       "a pickle opcode outside the whitelist") \
    X(PICKLE_CLASS,        -104, INPUT,       "a pickle class outside the whitelist") \
    X(PICKLE,              -105, INPUT,       "a malformed pickle") \
    X(TENSOR_DTYPE,        -106, INPUT,       "an unsupported tensor type") \
    X(TENSOR_STRIDE,       -107, INPUT,       "a tensor that is not contiguous") \
    X(TENSOR_STORAGE,      -108, INPUT,       "a tensor that lies outside its storage") \
    X(WEIGHTS_KEYS,        -109, INPUT,       "missing, extra or misshapen tensors") \
    X(WEIGHTS_NAN,         -110, INPUT,       "a weight is NaN or infinite") \
    X(MODEL_METADATA,      -111, INPUT,       "the model file's metadata is missing or contradicts itself") \
    /* engine */ \
    X(ENGINE,              -120, INTERNAL,    "the tensor library refused an operation") \
    X(OUTPUT_NAN,          -121, REFUSED,     "the network's output is NaN or infinite") \
    X(BATCH_TOO_SMALL,     -122, INPUT,       "too few pixels or rows in the batch for its statistics") \
    /* training */ \
    X(TRAIN_NAN,           -130, INPUT,       "a loss or gradient is NaN or infinite") \
    X(LABEL,               -131, INPUT,       "a label that the disease tree does not have") \
    /* cohorts and splits */ \
    X(COHORT_INCOMPLETE,   -190, INPUT,       "the folder is marked as incomplete: writing it was interrupted or is still in progress") \
    X(SPLIT_OVERLAP,       -191, INPUT,       "a patient or an image is on two sides of a split") \
    X(SPLIT_NO_PATIENT,    -192, INPUT,       "an exam without a patient_id: it is not known which exams belong to one patient") \
    X(LABEL_CONFLICT,      -132, INPUT,       "two columns of an exam contradict each other on its diagnosis") \
    X(TRAIN_DATA,          -133, INPUT,       "these exams do not allow this training") \
    X(CHECKPOINT,          -134, INPUT,       "a checkpoint that is damaged or belongs to another run") \
    X(INTERRUPTED,         -135, INTERRUPTED, "stopped by a signal") \
    /* statistics */ \
    X(STATS_TOO_FEW,       -200, INPUT,       "too few observations for this statistic") \
    X(STATS_ONE_CLASS,     -201, INPUT,       "all observations belong to one class: the statistic is not defined") \
    X(STATS_NAN,           -202, INPUT,       "a number that is NaN or infinite") \
    X(STATS_RANGE,         -203, INPUT,       "a number outside the statistic's range") \
    X(STATS_UNDEFINED,     -204, INPUT,       "the statistic is not defined for these numbers: it would divide by zero") \
    X(STATS_SEPARATED,     -205, INPUT,       "the classes are separated perfectly: a logistic fit has no finite answer") \
    X(STATS_CONVERGENCE,   -206, INPUT,       "an iteration did not converge") \
    /* evaluation */ \
    X(PLAN,                -220, INPUT,       "the evaluation plan contradicts itself") \
    X(PROBABILITY_SUM,     -221, INPUT,       "class probabilities that do not sum to 1, or contradict their own sums") \
    X(READER_TWICE,        -222, INPUT,       "a reader reads an exam twice under one condition") \
    X(THRESHOLD_LOCK,      -223, INPUT,       "a locked threshold that is damaged, or was chosen on the exams it would be applied to") \
    X(EVALUATION_EMPTY,    -224, INPUT,       "no exam has both a prediction and a truth") \
    X(VIEW_UNLEARNT,       -225, REFUSED,     "this model was not trained on images of that kind") \
    /* marks */ \
    X(MARK,                -240, INPUT,       "a mark whose cells make no shape, or that is called by no node of the disease tree") \
    X(MARK_EXAM,           -241, INPUT,       "a mark of an exam that the table of exams does not have") \
    X(MARK_SLOT,           -242, INPUT,       "a mark in a slot that has no name or no image") \
    X(MARK_OUTSIDE,        -243, INPUT,       "a mark that lies outside its picture") \
    X(MARK_CONFLICT,       -244, INPUT,       "two marks, or a mark and a diagnosis, that contradict each other") \
    X(MARK_MASK,           -245, INPUT,       "a mask that is no picture, of another size than the picture it marks, or empty") \
    /* reports */ \
    X(REPORT_FONT,         -210, ENVIRONMENT, "a font that reports need is not installed") \
    X(REPORT_TEXT,         -211, INPUT,       "text that is not UTF-8, or has a character that no report font contains") \
    X(REPORT_NUMBER,       -212, INTERNAL,    "a number that a figure cannot show") \
    X(REPORT_LAYOUT,       -213, INTERNAL,    "a figure in which texts overlap or extend beyond its edge")
/* clang-format on */

#endif

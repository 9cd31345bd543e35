/* PS3.15 Table E.1-1, column Basic Profile: what becomes of each attribute that may tell who the patient is. Floor 1.
 *
 * Edition 2024b; ROW(group, element, value representation, action), ascending. Actions as in the standard: X remove, Z empty, D a dummy
 * value, U map the UID; X_Z, Z_D, X_D, X_Z_D, X_Z_U: which of them the type of the attribute in its IOD asks for. The rows for whole groups
 * (curves 50xx, overlays 60xx, private attributes) are code: deidentify_rules.c. A newer edition: add rows.
 */
#ifndef BMU_DECODER_DEIDENTIFY_TABLE_H
#define BMU_DECODER_DEIDENTIFY_TABLE_H

/* clang-format off */
#define DEIDENTIFY_TABLE(ROW) \
    ROW(0x0000, 0x1000, UI, X) /* Affected SOP Instance UID */ \
    ROW(0x0000, 0x1001, UI, U) /* Requested SOP Instance UID */ \
    ROW(0x0002, 0x0003, UI, U) /* Media Storage SOP Instance UID */ \
    ROW(0x0004, 0x1511, UI, U) /* Referenced SOP Instance UID in File */ \
    ROW(0x0008, 0x0012, DA, X_D) /* Instance Creation Date */ \
    ROW(0x0008, 0x0013, TM, X_Z_D) /* Instance Creation Time */ \
    ROW(0x0008, 0x0014, UI, U) /* Instance Creator UID */ \
    ROW(0x0008, 0x0015, DT, X) /* Instance Coercion DateTime */ \
    ROW(0x0008, 0x0017, UI, U) \
    ROW(0x0008, 0x0018, UI, U) /* SOP Instance UID */ \
    ROW(0x0008, 0x0019, UI, U) \
    ROW(0x0008, 0x0020, DA, Z) /* Study Date */ \
    ROW(0x0008, 0x0021, DA, X_D) /* Series Date */ \
    ROW(0x0008, 0x0022, DA, X_Z) /* Acquisition Date */ \
    ROW(0x0008, 0x0023, DA, Z_D) /* Content Date */ \
    ROW(0x0008, 0x0024, DA, X) /* Overlay Date */ \
    ROW(0x0008, 0x0025, DA, X) /* Curve Date */ \
    ROW(0x0008, 0x002A, DT, X_Z_D) /* Acquisition DateTime */ \
    ROW(0x0008, 0x0030, TM, Z) /* Study Time */ \
    ROW(0x0008, 0x0031, TM, X_D) /* Series Time */ \
    ROW(0x0008, 0x0032, TM, X_Z) /* Acquisition Time */ \
    ROW(0x0008, 0x0033, TM, Z_D) /* Content Time */ \
    ROW(0x0008, 0x0034, TM, X) /* Overlay Time */ \
    ROW(0x0008, 0x0035, TM, X) /* Curve Time */ \
    ROW(0x0008, 0x0050, SH, Z) /* Accession Number */ \
    ROW(0x0008, 0x0054, AE, X) /* Retrieve AE Title */ \
    ROW(0x0008, 0x0055, AE, X) /* Station AE Title */ \
    ROW(0x0008, 0x0058, UI, U) /* Failed SOP Instance UID List */ \
    ROW(0x0008, 0x0080, LO, X_Z_D) /* Institution Name */ \
    ROW(0x0008, 0x0081, ST, X) /* Institution Address */ \
    ROW(0x0008, 0x0082, SQ, X_Z_D) /* Institution Code Sequence */ \
    ROW(0x0008, 0x0090, PN, Z) /* Referring Physician's Name */ \
    ROW(0x0008, 0x0092, ST, X) /* Referring Physician's Address */ \
    ROW(0x0008, 0x0094, SH, X) /* Referring Physician's Telephone Numbers */ \
    ROW(0x0008, 0x0096, SQ, X) /* Referring Physician Identification Sequence */ \
    ROW(0x0008, 0x009C, PN, Z) /* Consulting Physician's Name */ \
    ROW(0x0008, 0x009D, SQ, X) /* Consulting Physician Identification Sequence */ \
    ROW(0x0008, 0x0106, DT, D) /* Context Group Version */ \
    ROW(0x0008, 0x0107, DT, D) /* Context Group Local Version */ \
    ROW(0x0008, 0x0201, SH, X) /* Timezone Offset From UTC */ \
    ROW(0x0008, 0x1000, AE, X) /* Network ID */ \
    ROW(0x0008, 0x1010, SH, X_Z_D) /* Station Name */ \
    ROW(0x0008, 0x1030, LO, X) /* Study Description */ \
    ROW(0x0008, 0x103E, LO, X) /* Series Description */ \
    ROW(0x0008, 0x1040, LO, X) /* Institutional Department Name */ \
    ROW(0x0008, 0x1041, SQ, X) /* Institutional Department Type Code Sequence */ \
    ROW(0x0008, 0x1048, PN, X) /* Physician(s) of Record */ \
    ROW(0x0008, 0x1049, SQ, X) /* Physician(s) of Record Identification Sequence */ \
    ROW(0x0008, 0x1050, PN, X) /* Performing Physician's Name */ \
    ROW(0x0008, 0x1052, SQ, X) /* Performing Physician Identification Sequence */ \
    ROW(0x0008, 0x1060, PN, X) /* Name of Physician(s) Reading Study */ \
    ROW(0x0008, 0x1062, SQ, X) /* Physician(s) Reading Study Identification Sequence */ \
    ROW(0x0008, 0x1070, PN, X_Z_D) /* Operators' Name */ \
    ROW(0x0008, 0x1072, SQ, X_D) /* Operator Identification Sequence */ \
    ROW(0x0008, 0x1080, LO, X) /* Admitting Diagnoses Description */ \
    ROW(0x0008, 0x1084, SQ, X) /* Admitting Diagnoses Code Sequence */ \
    ROW(0x0008, 0x1088, LO, X) \
    ROW(0x0008, 0x1110, SQ, X_Z) /* Referenced Study Sequence */ \
    ROW(0x0008, 0x1111, SQ, X_Z_D) /* Referenced Performed Procedure Step Sequence */ \
    ROW(0x0008, 0x1120, SQ, X) /* Referenced Patient Sequence */ \
    ROW(0x0008, 0x1140, SQ, X_Z_U) /* Referenced Image Sequence */ \
    ROW(0x0008, 0x1155, UI, U) /* Referenced SOP Instance UID */ \
    ROW(0x0008, 0x1195, UI, U) /* Transaction UID */ \
    ROW(0x0008, 0x2111, ST, X) /* Derivation Description */ \
    ROW(0x0008, 0x2112, SQ, X_Z_U) /* Source Image Sequence */ \
    ROW(0x0008, 0x3010, UI, U) /* Irradiation Event UID */ \
    ROW(0x0008, 0x4000, LT, X) /* Identifying Comments */ \
    ROW(0x0010, 0x0010, PN, Z) /* Patient's Name */ \
    ROW(0x0010, 0x0020, LO, Z_D) /* Patient ID */ \
    ROW(0x0010, 0x0021, LO, X) /* Issuer of Patient ID */ \
    ROW(0x0010, 0x0030, DA, Z) /* Patient's Birth Date */ \
    ROW(0x0010, 0x0032, TM, X) /* Patient's Birth Time */ \
    ROW(0x0010, 0x0040, CS, Z) /* Patient's Sex */ \
    ROW(0x0010, 0x0050, SQ, X) /* Patient's Insurance Plan Code Sequence */ \
    ROW(0x0010, 0x0101, SQ, X) /* Patient's Primary Language Code Sequence */ \
    ROW(0x0010, 0x0102, SQ, X) /* Patient's Primary Language Modifier Code Sequence */ \
    ROW(0x0010, 0x1000, LO, X) /* Other Patient IDs */ \
    ROW(0x0010, 0x1001, PN, X) /* Other Patient Names */ \
    ROW(0x0010, 0x1002, SQ, X) /* Other Patient IDs Sequence */ \
    ROW(0x0010, 0x1005, PN, X) /* Patient's Birth Name */ \
    ROW(0x0010, 0x1010, AS, X) /* Patient's Age */ \
    ROW(0x0010, 0x1020, DS, X) /* Patient's Size */ \
    ROW(0x0010, 0x1030, DS, X) /* Patient's Weight */ \
    ROW(0x0010, 0x1040, LO, X) /* Patient's Address */ \
    ROW(0x0010, 0x1050, LO, X) /* Insurance Plan Identification */ \
    ROW(0x0010, 0x1060, PN, X) /* Patient's Mother's Birth Name */ \
    ROW(0x0010, 0x1080, LO, X) /* Military Rank */ \
    ROW(0x0010, 0x1081, LO, X) /* Branch of Service */ \
    ROW(0x0010, 0x1090, LO, X) /* Medical Record Locator */ \
    ROW(0x0010, 0x1100, SQ, X) /* Referenced Patient Photo Sequence */ \
    ROW(0x0010, 0x2000, LO, X) /* Medical Alerts */ \
    ROW(0x0010, 0x2110, LO, X) /* Allergies */ \
    ROW(0x0010, 0x2150, LO, X) /* Country of Residence */ \
    ROW(0x0010, 0x2152, LO, X) /* Region of Residence */ \
    ROW(0x0010, 0x2154, SH, X) /* Patient's Telephone Numbers */ \
    ROW(0x0010, 0x2155, LT, X) /* Patient's Telecom Information */ \
    ROW(0x0010, 0x2160, SH, X) /* Ethnic Group */ \
    ROW(0x0010, 0x2180, SH, X) /* Occupation */ \
    ROW(0x0010, 0x21A0, CS, X) /* Smoking Status */ \
    ROW(0x0010, 0x21B0, LT, X) /* Additional Patient History */ \
    ROW(0x0010, 0x21C0, US, X) /* Pregnancy Status */ \
    ROW(0x0010, 0x21D0, DA, X) /* Last Menstrual Date */ \
    ROW(0x0010, 0x21F0, LO, X) /* Patient's Religious Preference */ \
    ROW(0x0010, 0x2203, CS, X_Z) /* Patient's Sex Neutered */ \
    ROW(0x0010, 0x2297, PN, X) /* Responsible Person */ \
    ROW(0x0010, 0x2299, LO, X) /* Responsible Organization */ \
    ROW(0x0010, 0x4000, LT, X) /* Patient Comments */ \
    ROW(0x0012, 0x0010, LO, D) /* Clinical Trial Sponsor Name */ \
    ROW(0x0012, 0x0020, LO, D) /* Clinical Trial Protocol ID */ \
    ROW(0x0012, 0x0021, LO, Z) /* Clinical Trial Protocol Name */ \
    ROW(0x0012, 0x0022, LO, X) \
    ROW(0x0012, 0x0023, SQ, X) \
    ROW(0x0012, 0x0030, LO, Z) /* Clinical Trial Site ID */ \
    ROW(0x0012, 0x0031, LO, Z) /* Clinical Trial Site Name */ \
    ROW(0x0012, 0x0032, LO, X) \
    ROW(0x0012, 0x0040, LO, D) /* Clinical Trial Subject ID */ \
    ROW(0x0012, 0x0041, LO, X) \
    ROW(0x0012, 0x0042, LO, D) /* Clinical Trial Subject Reading ID */ \
    ROW(0x0012, 0x0043, LO, X) \
    ROW(0x0012, 0x0050, LO, Z) /* Clinical Trial Time Point ID */ \
    ROW(0x0012, 0x0051, ST, X) /* Clinical Trial Time Point Description */ \
    ROW(0x0012, 0x0055, LO, X) \
    ROW(0x0012, 0x0060, LO, Z) /* Clinical Trial Coordinating Center Name */ \
    ROW(0x0012, 0x0071, LO, X) /* Clinical Trial Series ID */ \
    ROW(0x0012, 0x0072, LO, X) /* Clinical Trial Series Description */ \
    ROW(0x0012, 0x0073, LO, X) \
    ROW(0x0012, 0x0081, LO, D) /* Clinical Trial Protocol Ethics Committee Name */ \
    ROW(0x0012, 0x0082, LO, X) /* Clinical Trial Protocol Ethics Committee Approval Number */ \
    ROW(0x0012, 0x0086, DA, X) /* Ethics Committee Approval Effectiveness Start Date */ \
    ROW(0x0012, 0x0087, DA, X) /* Ethics Committee Approval Effectiveness End Date */ \
    ROW(0x0014, 0x407C, TM, X) /* Calibration Time */ \
    ROW(0x0014, 0x407E, DA, X) /* Calibration Date */ \
    ROW(0x0016, 0x002B, OB, X) /* Maker Note */ \
    ROW(0x0016, 0x004B, OB, X) /* Device Setting Description */ \
    ROW(0x0016, 0x004D, UT, X) /* Camera Owner Name */ \
    ROW(0x0016, 0x004E, DS, X) /* Lens Specification */ \
    ROW(0x0016, 0x004F, UT, X) /* Lens Make */ \
    ROW(0x0016, 0x0050, UT, X) /* Lens Model */ \
    ROW(0x0016, 0x0051, UT, X) /* Lens Serial Number */ \
    ROW(0x0016, 0x0070, OB, X) /* GPS Version ID */ \
    ROW(0x0016, 0x0071, CS, X) /* GPS Latitude Ref */ \
    ROW(0x0016, 0x0072, DS, X) /* GPS Latitude */ \
    ROW(0x0016, 0x0073, CS, X) /* GPS Longitude Ref */ \
    ROW(0x0016, 0x0074, DS, X) /* GPS Longitude */ \
    ROW(0x0016, 0x0075, US, X) /* GPS Altitude Ref */ \
    ROW(0x0016, 0x0076, DS, X) /* GPS Altitude */ \
    ROW(0x0016, 0x0077, DT, X) /* GPS Time Stamp */ \
    ROW(0x0016, 0x0078, UT, X) /* GPS Satellites */ \
    ROW(0x0016, 0x0079, CS, X) /* GPS Status */ \
    ROW(0x0016, 0x007A, CS, X) /* GPS Measure Mode */ \
    ROW(0x0016, 0x007B, DS, X) /* GPS DOP */ \
    ROW(0x0016, 0x007C, CS, X) /* GPS Speed Ref */ \
    ROW(0x0016, 0x007D, DS, X) /* GPS Speed */ \
    ROW(0x0016, 0x007E, CS, X) /* GPS Track Ref */ \
    ROW(0x0016, 0x007F, DS, X) /* GPS Track */ \
    ROW(0x0016, 0x0080, CS, X) /* GPS Img Direction Ref */ \
    ROW(0x0016, 0x0081, DS, X) /* GPS Img Direction */ \
    ROW(0x0016, 0x0082, UT, X) /* GPS Map Datum */ \
    ROW(0x0016, 0x0083, CS, X) /* GPS Dest Latitude Ref */ \
    ROW(0x0016, 0x0084, DS, X) /* GPS Dest Latitude */ \
    ROW(0x0016, 0x0085, CS, X) /* GPS Dest Longitude Ref */ \
    ROW(0x0016, 0x0086, DS, X) /* GPS Dest Longitude */ \
    ROW(0x0016, 0x0087, CS, X) /* GPS Dest Bearing Ref */ \
    ROW(0x0016, 0x0088, DS, X) /* GPS Dest Bearing */ \
    ROW(0x0016, 0x0089, CS, X) /* GPS Dest Distance Ref */ \
    ROW(0x0016, 0x008A, DS, X) /* GPS Dest Distance */ \
    ROW(0x0016, 0x008B, OB, X) /* GPS Processing Method */ \
    ROW(0x0016, 0x008C, OB, X) /* GPS Area Information */ \
    ROW(0x0016, 0x008D, DT, X) /* GPS Date Stamp */ \
    ROW(0x0016, 0x008E, IS, X) /* GPS Differential */ \
    ROW(0x0018, 0x0010, LO, Z_D) /* Contrast/Bolus Agent */ \
    ROW(0x0018, 0x0027, TM, X) /* Intervention Drug Stop Time */ \
    ROW(0x0018, 0x0035, TM, X) /* Intervention Drug Start Time */ \
    ROW(0x0018, 0x1000, LO, X_Z_D) /* Device Serial Number */ \
    ROW(0x0018, 0x1002, UI, U) /* Device UID */ \
    ROW(0x0018, 0x1004, LO, X) /* Plate ID */ \
    ROW(0x0018, 0x1005, LO, X) /* Generator ID */ \
    ROW(0x0018, 0x1007, LO, X) /* Cassette ID */ \
    ROW(0x0018, 0x1008, LO, X) /* Gantry ID */ \
    ROW(0x0018, 0x1009, UT, X) /* Unique Device Identifier */ \
    ROW(0x0018, 0x100A, SQ, X) /* UDI Sequence */ \
    ROW(0x0018, 0x100B, UI, U) /* Manufacturer's Device Class UID */ \
    ROW(0x0018, 0x1012, DA, X) /* Date of Secondary Capture */ \
    ROW(0x0018, 0x1014, TM, X) /* Time of Secondary Capture */ \
    ROW(0x0018, 0x1030, LO, X_D) /* Protocol Name */ \
    ROW(0x0018, 0x1042, TM, X) /* Contrast/Bolus Start Time */ \
    ROW(0x0018, 0x1043, TM, X) /* Contrast/Bolus Stop Time */ \
    ROW(0x0018, 0x1072, TM, X) /* Radiopharmaceutical Start Time */ \
    ROW(0x0018, 0x1073, TM, X) /* Radiopharmaceutical Stop Time */ \
    ROW(0x0018, 0x1078, DT, X) /* Radiopharmaceutical Start DateTime */ \
    ROW(0x0018, 0x1079, DT, X) /* Radiopharmaceutical Stop DateTime */ \
    ROW(0x0018, 0x11BB, LO, D) /* Acquisition Field of View Label */ \
    ROW(0x0018, 0x1200, DA, X) /* Date of Last Calibration */ \
    ROW(0x0018, 0x1201, TM, X) /* Time of Last Calibration */ \
    ROW(0x0018, 0x1202, DT, X) /* DateTime of Last Calibration */ \
    ROW(0x0018, 0x1203, DT, Z) /* Calibration DateTime */ \
    ROW(0x0018, 0x1204, DA, X) \
    ROW(0x0018, 0x1205, DA, X) \
    ROW(0x0018, 0x1400, LO, X_D) /* Acquisition Device Processing Description */ \
    ROW(0x0018, 0x2042, UI, U) /* Target UID */ \
    ROW(0x0018, 0x4000, LT, X) /* Acquisition Comments */ \
    ROW(0x0018, 0x5011, SQ, X) /* Transducer Identification Sequence */ \
    ROW(0x0018, 0x700A, SH, X_D) /* Detector ID */ \
    ROW(0x0018, 0x700C, DA, X_D) /* Date of Last Detector Calibration */ \
    ROW(0x0018, 0x700E, TM, X_D) /* Time of Last Detector Calibration */ \
    ROW(0x0018, 0x9074, DT, D) /* Frame Acquisition DateTime */ \
    ROW(0x0018, 0x9151, DT, D) /* Frame Reference DateTime */ \
    ROW(0x0018, 0x9185, ST, X) /* Respiratory Motion Compensation Technique Description */ \
    ROW(0x0018, 0x9367, UC, D) /* X-Ray Source ID */ \
    ROW(0x0018, 0x9369, DT, D) /* Source Start DateTime */ \
    ROW(0x0018, 0x936A, DT, D) /* Source End DateTime */ \
    ROW(0x0018, 0x9371, UC, D) /* X-Ray Detector ID */ \
    ROW(0x0018, 0x9373, ST, X) /* X-Ray Detector Label */ \
    ROW(0x0018, 0x937B, UT, X) /* Multi-energy Acquisition Description */ \
    ROW(0x0018, 0x937F, UT, X) /* Decomposition Description */ \
    ROW(0x0018, 0x9424, LT, X) /* Acquisition Protocol Description */ \
    ROW(0x0018, 0x9516, DT, X_D) /* Start Acquisition DateTime */ \
    ROW(0x0018, 0x9517, DT, X_D) /* End Acquisition DateTime */ \
    ROW(0x0018, 0x9623, DT, D) /* Functional Sync Pulse */ \
    ROW(0x0018, 0x9701, DT, D) /* Decay Correction DateTime */ \
    ROW(0x0018, 0x9804, DT, D) /* Exclusion Start DateTime */ \
    ROW(0x0018, 0x9919, DT, Z_D) /* Instruction Performed DateTime */ \
    ROW(0x0018, 0x9937, LO, X) /* Requested Series Description */ \
    ROW(0x0018, 0xA002, DT, X) /* Contribution DateTime */ \
    ROW(0x0018, 0xA003, ST, X) /* Contribution Description */ \
    ROW(0x0020, 0x000D, UI, U) /* Study Instance UID */ \
    ROW(0x0020, 0x000E, UI, U) /* Series Instance UID */ \
    ROW(0x0020, 0x0010, SH, Z) /* Study ID */ \
    ROW(0x0020, 0x0027, LO, X) \
    ROW(0x0020, 0x0052, UI, U) /* Frame of Reference UID */ \
    ROW(0x0020, 0x0200, UI, U) /* Synchronization Frame of Reference UID */ \
    ROW(0x0020, 0x3401, CS, X) /* Modifying Device ID */ \
    ROW(0x0020, 0x3403, DA, X) /* Modified Image Date */ \
    ROW(0x0020, 0x3405, TM, X) /* Modified Image Time */ \
    ROW(0x0020, 0x3406, LO, X) /* Modified Image Description */ \
    ROW(0x0020, 0x4000, LT, X) /* Image Comments */ \
    ROW(0x0020, 0x9158, LT, X) /* Frame Comments */ \
    ROW(0x0020, 0x9161, UI, U) /* Concatenation UID */ \
    ROW(0x0020, 0x9164, UI, U) /* Dimension Organization UID */ \
    ROW(0x0028, 0x1199, UI, U) /* Palette Color Lookup Table UID */ \
    ROW(0x0028, 0x1214, UI, U) /* Large Palette Color Lookup Table UID */ \
    ROW(0x0028, 0x4000, LT, X) /* Image Presentation Comments */ \
    ROW(0x0032, 0x0012, LO, X) /* Study ID Issuer */ \
    ROW(0x0032, 0x0032, DA, X) /* Study Verified Date */ \
    ROW(0x0032, 0x0033, TM, X) /* Study Verified Time */ \
    ROW(0x0032, 0x0034, DA, X) /* Study Read Date */ \
    ROW(0x0032, 0x0035, TM, X) /* Study Read Time */ \
    ROW(0x0032, 0x1000, DA, X) /* Scheduled Study Start Date */ \
    ROW(0x0032, 0x1001, TM, X) /* Scheduled Study Start Time */ \
    ROW(0x0032, 0x1010, DA, X) /* Scheduled Study Stop Date */ \
    ROW(0x0032, 0x1011, TM, X) /* Scheduled Study Stop Time */ \
    ROW(0x0032, 0x1020, LO, X) /* Scheduled Study Location */ \
    ROW(0x0032, 0x1021, AE, X) /* Scheduled Study Location AE Title */ \
    ROW(0x0032, 0x1030, LO, X) /* Reason for Study */ \
    ROW(0x0032, 0x1032, PN, X) /* Requesting Physician */ \
    ROW(0x0032, 0x1033, LO, X) /* Requesting Service */ \
    ROW(0x0032, 0x1040, DA, X) /* Study Arrival Date */ \
    ROW(0x0032, 0x1041, TM, X) /* Study Arrival Time */ \
    ROW(0x0032, 0x1050, DA, X) /* Study Completion Date */ \
    ROW(0x0032, 0x1051, TM, X) /* Study Completion Time */ \
    ROW(0x0032, 0x1060, LO, X_Z) /* Requested Procedure Description */ \
    ROW(0x0032, 0x1066, UT, X) /* Reason for Visit */ \
    ROW(0x0032, 0x1067, SQ, X) /* Reason for Visit Code Sequence */ \
    ROW(0x0032, 0x1070, LO, X) /* Requested Contrast Agent */ \
    ROW(0x0032, 0x4000, LT, X) /* Study Comments */ \
    ROW(0x0034, 0x0001, SQ, D) /* Flow Identifier Sequence */ \
    ROW(0x0034, 0x0002, OB, D) /* Flow Identifier */ \
    ROW(0x0034, 0x0005, OB, D) /* Source Identifier */ \
    ROW(0x0034, 0x0007, OB, D) /* Frame Origin Timestamp */ \
    ROW(0x0038, 0x0004, SQ, X) /* Referenced Patient Alias Sequence */ \
    ROW(0x0038, 0x0010, LO, X) /* Admission ID */ \
    ROW(0x0038, 0x0011, LO, X) /* Issuer of Admission ID */ \
    ROW(0x0038, 0x0014, SQ, X) /* Issuer of Admission ID Sequence */ \
    ROW(0x0038, 0x001A, DA, X) /* Scheduled Admission Date */ \
    ROW(0x0038, 0x001B, TM, X) /* Scheduled Admission Time */ \
    ROW(0x0038, 0x001C, DA, X) /* Scheduled Discharge Date */ \
    ROW(0x0038, 0x001D, TM, X) /* Scheduled Discharge Time */ \
    ROW(0x0038, 0x001E, LO, X) /* Scheduled Patient Institution Residence */ \
    ROW(0x0038, 0x0020, DA, X) /* Admitting Date */ \
    ROW(0x0038, 0x0021, TM, X) /* Admitting Time */ \
    ROW(0x0038, 0x0030, DA, X) /* Discharge Date */ \
    ROW(0x0038, 0x0032, TM, X) /* Discharge Time */ \
    ROW(0x0038, 0x0040, LO, X) /* Discharge Diagnosis Description */ \
    ROW(0x0038, 0x0050, LO, X) /* Special Needs */ \
    ROW(0x0038, 0x0060, LO, X) /* Service Episode ID */ \
    ROW(0x0038, 0x0061, LO, X) /* Issuer of Service Episode ID */ \
    ROW(0x0038, 0x0062, LO, X) /* Service Episode Description */ \
    ROW(0x0038, 0x0064, SQ, X) /* Issuer of Service Episode ID Sequence */ \
    ROW(0x0038, 0x0300, LO, X) /* Current Patient Location */ \
    ROW(0x0038, 0x0400, LO, X) /* Patient's Institution Residence */ \
    ROW(0x0038, 0x0500, LO, X) /* Patient State */ \
    ROW(0x0038, 0x4000, LT, X) /* Visit Comments */ \
    ROW(0x003A, 0x0310, UI, U) /* Multiplex Group UID */ \
    ROW(0x003A, 0x0314, DT, D) /* Impedance Measurement DateTime */ \
    ROW(0x003A, 0x0329, LT, X) \
    ROW(0x003A, 0x032B, LT, X) \
    ROW(0x0040, 0x0001, AE, X) /* Scheduled Station AE Title */ \
    ROW(0x0040, 0x0002, DA, X) /* Scheduled Procedure Step Start Date */ \
    ROW(0x0040, 0x0003, TM, X) /* Scheduled Procedure Step Start Time */ \
    ROW(0x0040, 0x0004, DA, X) /* Scheduled Procedure Step End Date */ \
    ROW(0x0040, 0x0005, TM, X) /* Scheduled Procedure Step End Time */ \
    ROW(0x0040, 0x0006, PN, X) /* Scheduled Performing Physician's Name */ \
    ROW(0x0040, 0x0007, LO, X) /* Scheduled Procedure Step Description */ \
    ROW(0x0040, 0x0009, SH, X) /* Scheduled Procedure Step ID */ \
    ROW(0x0040, 0x000B, SQ, X) /* Scheduled Performing Physician Identification Sequence */ \
    ROW(0x0040, 0x0010, SH, X) /* Scheduled Station Name */ \
    ROW(0x0040, 0x0011, SH, X) /* Scheduled Procedure Step Location */ \
    ROW(0x0040, 0x0012, LO, X) /* Pre-Medication */ \
    ROW(0x0040, 0x0241, AE, X) /* Performed Station AE Title */ \
    ROW(0x0040, 0x0242, SH, X) /* Performed Station Name */ \
    ROW(0x0040, 0x0243, SH, X) /* Performed Location */ \
    ROW(0x0040, 0x0244, DA, X) /* Performed Procedure Step Start Date */ \
    ROW(0x0040, 0x0245, TM, X) /* Performed Procedure Step Start Time */ \
    ROW(0x0040, 0x0250, DA, X) /* Performed Procedure Step End Date */ \
    ROW(0x0040, 0x0251, TM, X) /* Performed Procedure Step End Time */ \
    ROW(0x0040, 0x0253, SH, X) /* Performed Procedure Step ID */ \
    ROW(0x0040, 0x0254, LO, X) /* Performed Procedure Step Description */ \
    ROW(0x0040, 0x0275, SQ, X) /* Request Attributes Sequence */ \
    ROW(0x0040, 0x0280, ST, X) /* Comments on the Performed Procedure Step */ \
    ROW(0x0040, 0x0310, ST, X) /* Comments on Radiation Dose */ \
    ROW(0x0040, 0x050A, LO, X) /* Specimen Accession Number */ \
    ROW(0x0040, 0x0512, LO, D) /* Container Identifier */ \
    ROW(0x0040, 0x0513, SQ, Z) /* Issuer of the Container Identifier Sequence */ \
    ROW(0x0040, 0x051A, LO, X) /* Container Description */ \
    ROW(0x0040, 0x0551, LO, D) /* Specimen Identifier */ \
    ROW(0x0040, 0x0554, UI, U) /* Specimen UID */ \
    ROW(0x0040, 0x0555, SQ, X_Z) /* Acquisition Context Sequence */ \
    ROW(0x0040, 0x0562, SQ, Z) /* Issuer of the Specimen Identifier Sequence */ \
    ROW(0x0040, 0x0600, LO, X) /* Specimen Short Description */ \
    ROW(0x0040, 0x0602, UT, X) /* Specimen Detailed Description */ \
    ROW(0x0040, 0x0610, SQ, Z) /* Specimen Preparation Sequence */ \
    ROW(0x0040, 0x06FA, LO, X) /* Slide Identifier */ \
    ROW(0x0040, 0x1001, SH, X) /* Requested Procedure ID */ \
    ROW(0x0040, 0x1002, LO, X) /* Reason for the Requested Procedure */ \
    ROW(0x0040, 0x1004, LO, X) /* Patient Transport Arrangements */ \
    ROW(0x0040, 0x1005, LO, X) /* Requested Procedure Location */ \
    ROW(0x0040, 0x100A, SQ, X) /* Reason for Requested Procedure Code Sequence */ \
    ROW(0x0040, 0x1010, PN, X) /* Names of Intended Recipients of Results */ \
    ROW(0x0040, 0x1011, SQ, X) /* Intended Recipients of Results Identification Sequence */ \
    ROW(0x0040, 0x1101, SQ, D) /* Person Identification Code Sequence */ \
    ROW(0x0040, 0x1102, ST, X) /* Person's Address */ \
    ROW(0x0040, 0x1103, LO, X) /* Person's Telephone Numbers */ \
    ROW(0x0040, 0x1104, LT, X) /* Person's Telecom Information */ \
    ROW(0x0040, 0x1400, LT, X) /* Requested Procedure Comments */ \
    ROW(0x0040, 0x2001, LO, X) /* Reason for the Imaging Service Request */ \
    ROW(0x0040, 0x2004, DA, X) /* Issue Date of Imaging Service Request */ \
    ROW(0x0040, 0x2005, TM, X) /* Issue Time of Imaging Service Request */ \
    ROW(0x0040, 0x2008, PN, X) /* Order Entered By */ \
    ROW(0x0040, 0x2009, SH, X) /* Order Enterer's Location */ \
    ROW(0x0040, 0x2010, SH, X) /* Order Callback Phone Number */ \
    ROW(0x0040, 0x2011, LT, X) /* Order Callback Telecom Information */ \
    ROW(0x0040, 0x2016, LO, Z) /* Placer Order Number / Imaging Service Request */ \
    ROW(0x0040, 0x2017, LO, Z) /* Filler Order Number / Imaging Service Request */ \
    ROW(0x0040, 0x2400, LT, X) /* Imaging Service Request Comments */ \
    ROW(0x0040, 0x3001, LO, X) /* Confidentiality Constraint on Patient Data Description */ \
    ROW(0x0040, 0x4005, DT, X) /* Scheduled Procedure Step Start DateTime */ \
    ROW(0x0040, 0x4008, DT, X) /* Scheduled Procedure Step Expiration DateTime */ \
    ROW(0x0040, 0x4010, DT, X) /* Scheduled Procedure Step Modification DateTime */ \
    ROW(0x0040, 0x4011, DT, X) /* Expected Completion DateTime */ \
    ROW(0x0040, 0x4023, UI, U) /* Referenced General Purpose Scheduled Procedure Step Transaction UID */ \
    ROW(0x0040, 0x4025, SQ, X) /* Scheduled Station Name Code Sequence */ \
    ROW(0x0040, 0x4027, SQ, X) /* Scheduled Station Geographic Location Code Sequence */ \
    ROW(0x0040, 0x4028, SQ, X) /* Performed Station Name Code Sequence */ \
    ROW(0x0040, 0x4030, SQ, X) /* Performed Station Geographic Location Code Sequence */ \
    ROW(0x0040, 0x4034, SQ, X) /* Scheduled Human Performers Sequence */ \
    ROW(0x0040, 0x4035, SQ, X) /* Actual Human Performers Sequence */ \
    ROW(0x0040, 0x4036, LO, X) /* Human Performer's Organization */ \
    ROW(0x0040, 0x4037, PN, X) /* Human Performer's Name */ \
    ROW(0x0040, 0x4050, DT, X) /* Performed Procedure Step Start DateTime */ \
    ROW(0x0040, 0x4051, DT, X) /* Performed Procedure Step End DateTime */ \
    ROW(0x0040, 0x4052, DT, X) /* Procedure Step Cancellation DateTime */ \
    ROW(0x0040, 0xA023, DA, X) /* Findings Group Recording Date (Trial) */ \
    ROW(0x0040, 0xA024, TM, X) /* Findings Group Recording Time (Trial) */ \
    ROW(0x0040, 0xA027, LO, D) /* Verifying Organization */ \
    ROW(0x0040, 0xA030, DT, D) /* Verification DateTime */ \
    ROW(0x0040, 0xA032, DT, X_D) /* Observation DateTime */ \
    ROW(0x0040, 0xA033, DT, X) /* Observation Start DateTime */ \
    ROW(0x0040, 0xA073, SQ, D) /* Verifying Observer Sequence */ \
    ROW(0x0040, 0xA075, PN, D) /* Verifying Observer Name */ \
    ROW(0x0040, 0xA078, SQ, X) /* Author Observer Sequence */ \
    ROW(0x0040, 0xA07A, SQ, X) /* Participant Sequence */ \
    ROW(0x0040, 0xA07C, SQ, X) /* Custodial Organization Sequence */ \
    ROW(0x0040, 0xA082, DT, Z) /* Participation DateTime */ \
    ROW(0x0040, 0xA088, SQ, Z) /* Verifying Observer Identification Code Sequence */ \
    ROW(0x0040, 0xA110, DA, X) /* Date of Document or Verbal Transaction (Trial) */ \
    ROW(0x0040, 0xA112, TM, X) /* Time of Document Creation or Verbal Transaction (Trial) */ \
    ROW(0x0040, 0xA120, DT, D) /* DateTime */ \
    ROW(0x0040, 0xA121, DA, D) /* Date */ \
    ROW(0x0040, 0xA122, TM, D) /* Time */ \
    ROW(0x0040, 0xA123, PN, D) /* Person Name */ \
    ROW(0x0040, 0xA124, UI, U) /* UID */ \
    ROW(0x0040, 0xA13A, DT, D) /* Referenced DateTime */ \
    ROW(0x0040, 0xA171, UI, U) /* Observation UID */ \
    ROW(0x0040, 0xA172, UI, U) /* Referenced Observation UID (Trial) */ \
    ROW(0x0040, 0xA192, DA, X) /* Observation Date (Trial) */ \
    ROW(0x0040, 0xA193, TM, X) /* Observation Time (Trial) */ \
    ROW(0x0040, 0xA307, PN, X) /* Current Observer (Trial) */ \
    ROW(0x0040, 0xA352, PN, X) /* Verbal Source (Trial) */ \
    ROW(0x0040, 0xA353, ST, X) /* Address (Trial) */ \
    ROW(0x0040, 0xA354, LO, X) /* Telephone Number (Trial) */ \
    ROW(0x0040, 0xA358, SQ, X) /* Verbal Source Identifier Code Sequence (Trial) */ \
    ROW(0x0040, 0xA402, UI, U) /* Observation Subject UID (Trial) */ \
    ROW(0x0040, 0xA730, SQ, D) /* Content Sequence */ \
    ROW(0x0040, 0xDB06, DT, X) /* Template Version */ \
    ROW(0x0040, 0xDB07, DT, X) /* Template Local Version */ \
    ROW(0x0040, 0xDB0C, UI, U) /* Template Extension Organization UID */ \
    ROW(0x0040, 0xDB0D, UI, U) /* Template Extension Creator UID */ \
    ROW(0x0040, 0xE004, DT, X) /* HL7 Document Effective Time */ \
    ROW(0x0042, 0x0011, OB, D) /* Encapsulated Document */ \
    ROW(0x0044, 0x0004, DT, X) /* Approval Status DateTime */ \
    ROW(0x0044, 0x000B, DT, X) /* Product Expiration DateTime */ \
    ROW(0x0044, 0x0010, DT, X) /* Substance Administration DateTime */ \
    ROW(0x0044, 0x0104, DT, D) /* Assertion DateTime */ \
    ROW(0x0044, 0x0105, DT, X) /* Assertion Expiration DateTime */ \
    ROW(0x0050, 0x001B, LO, X) /* Container Component ID */ \
    ROW(0x0050, 0x0020, LO, X) /* Device Description */ \
    ROW(0x0050, 0x0021, ST, X) /* Long Device Description */ \
    ROW(0x0062, 0x0021, UI, U) /* Tracking UID */ \
    ROW(0x0064, 0x0003, UI, U) /* Source Frame of Reference UID */ \
    ROW(0x0068, 0x6226, DT, D) /* Effective DateTime */ \
    ROW(0x0068, 0x6270, DT, D) /* Information Issue DateTime */ \
    ROW(0x006A, 0x0003, UI, D) /* Annotation Group UID */ \
    ROW(0x006A, 0x0005, LO, D) /* Annotation Group Label */ \
    ROW(0x006A, 0x0006, UT, X) /* Annotation Group Description */ \
    ROW(0x0070, 0x0001, SQ, D) /* Graphic Annotation Sequence */ \
    ROW(0x0070, 0x0082, DA, X) /* Presentation Creation Date */ \
    ROW(0x0070, 0x0083, TM, X) /* Presentation Creation Time */ \
    ROW(0x0070, 0x0084, PN, Z_D) /* Content Creator's Name */ \
    ROW(0x0070, 0x0086, SQ, X) /* Content Creator's Identification Code Sequence */ \
    ROW(0x0070, 0x031A, UI, U) /* Fiducial UID */ \
    ROW(0x0070, 0x1101, UI, U) /* Presentation Display Collection UID */ \
    ROW(0x0070, 0x1102, UI, U) /* Presentation Sequence Collection UID */ \
    ROW(0x0072, 0x000A, DT, D) /* Hanging Protocol Creation DateTime */ \
    ROW(0x0072, 0x005E, AE, D) /* Selector AE Value */ \
    ROW(0x0072, 0x005F, AS, D) /* Selector AS Value */ \
    ROW(0x0072, 0x0061, DA, D) /* Selector DA Value */ \
    ROW(0x0072, 0x0063, DT, D) /* Selector DT Value */ \
    ROW(0x0072, 0x0065, OB, D) /* Selector OB Value */ \
    ROW(0x0072, 0x0066, LO, D) /* Selector LO Value */ \
    ROW(0x0072, 0x0068, LT, D) /* Selector LT Value */ \
    ROW(0x0072, 0x006A, PN, D) /* Selector PN Value */ \
    ROW(0x0072, 0x006B, TM, D) /* Selector TM Value */ \
    ROW(0x0072, 0x006C, SH, D) /* Selector SH Value */ \
    ROW(0x0072, 0x006D, UN, D) /* Selector UN Value */ \
    ROW(0x0072, 0x006E, ST, D) /* Selector ST Value */ \
    ROW(0x0072, 0x0070, UT, D) /* Selector UT Value */ \
    ROW(0x0072, 0x0071, UR, D) /* Selector UR Value */ \
    ROW(0x0074, 0x1234, AE, X) /* Receiving AE */ \
    ROW(0x0074, 0x1236, AE, X) /* Requesting AE */ \
    ROW(0x0088, 0x0140, UI, U) /* Storage Media File-set UID */ \
    ROW(0x0088, 0x0200, SQ, X) /* Icon Image Sequence */ \
    ROW(0x0088, 0x0904, LO, X) /* Topic Title */ \
    ROW(0x0088, 0x0906, ST, X) /* Topic Subject */ \
    ROW(0x0088, 0x0910, LO, X) /* Topic Author */ \
    ROW(0x0088, 0x0912, LO, X) /* Topic Keywords */ \
    ROW(0x0100, 0x0420, DT, X) /* SOP Authorization DateTime */ \
    ROW(0x0400, 0x0100, UI, U) /* Digital Signature UID */ \
    ROW(0x0400, 0x0105, DT, D) /* Digital Signature DateTime */ \
    ROW(0x0400, 0x0115, OB, D) /* Certificate of Signer */ \
    ROW(0x0400, 0x0310, OB, X) /* Certified Timestamp */ \
    ROW(0x0400, 0x0402, SQ, X) /* Referenced Digital Signature Sequence */ \
    ROW(0x0400, 0x0403, SQ, X) /* Referenced SOP Instance MAC Sequence */ \
    ROW(0x0400, 0x0404, OB, X) /* MAC */ \
    ROW(0x0400, 0x0550, SQ, X) /* Modified Attributes Sequence */ \
    ROW(0x0400, 0x0551, SQ, X) /* Nonconforming Modified Attributes Sequence */ \
    ROW(0x0400, 0x0552, OB, X) /* Nonconforming Data Element Value */ \
    ROW(0x0400, 0x0561, SQ, X) /* Original Attributes Sequence */ \
    ROW(0x0400, 0x0562, DT, D) /* Attribute Modification DateTime */ \
    ROW(0x0400, 0x0563, LO, D) /* Modifying System */ \
    ROW(0x0400, 0x0564, LO, Z) /* Source of Previous Values */ \
    ROW(0x0400, 0x0565, CS, D) /* Reason for the Attribute Modification */ \
    ROW(0x0400, 0x0600, CS, X) /* Instance Origin Status */ \
    ROW(0x2030, 0x0020, LO, X) /* Text String */ \
    ROW(0x2100, 0x0040, DA, X) /* Creation Date */ \
    ROW(0x2100, 0x0050, TM, X) /* Creation Time */ \
    ROW(0x2100, 0x0070, AE, X) /* Originator */ \
    ROW(0x2100, 0x0140, AE, D) /* Destination AE */ \
    ROW(0x2200, 0x0002, UT, X_Z) /* Label Text */ \
    ROW(0x2200, 0x0005, LT, X_Z) /* Barcode Value */ \
    ROW(0x3002, 0x0121, LO, X) \
    ROW(0x3002, 0x0123, LO, X) \
    ROW(0x3006, 0x0002, SH, D) /* Structure Set Label */ \
    ROW(0x3006, 0x0004, LO, X) /* Structure Set Name */ \
    ROW(0x3006, 0x0006, ST, X) /* Structure Set Description */ \
    ROW(0x3006, 0x0008, DA, Z) /* Structure Set Date */ \
    ROW(0x3006, 0x0009, TM, Z) /* Structure Set Time */ \
    ROW(0x3006, 0x0024, UI, U) /* Referenced Frame of Reference UID */ \
    ROW(0x3006, 0x0026, LO, Z) /* ROI Name */ \
    ROW(0x3006, 0x0028, ST, X) /* ROI Description */ \
    ROW(0x3006, 0x002D, DT, X) \
    ROW(0x3006, 0x002E, DT, X) \
    ROW(0x3006, 0x0038, LO, X) /* ROI Generation Description */ \
    ROW(0x3006, 0x004D, SQ, X) \
    ROW(0x3006, 0x004E, SQ, X) \
    ROW(0x3006, 0x0085, SH, X) /* ROI Observation Label */ \
    ROW(0x3006, 0x0088, ST, X) /* ROI Observation Description */ \
    ROW(0x3006, 0x00A6, PN, Z) /* ROI Interpreter */ \
    ROW(0x3006, 0x00C2, UI, U) /* Related Frame of Reference UID */ \
    ROW(0x3008, 0x0024, DA, D) /* Treatment Control Point Date */ \
    ROW(0x3008, 0x0025, TM, D) /* Treatment Control Point Time */ \
    ROW(0x3008, 0x0054, DA, X_D) /* First Treatment Date */ \
    ROW(0x3008, 0x0056, DA, X_D) /* Most Recent Treatment Date */ \
    ROW(0x3008, 0x0105, LO, X_Z) /* Source Serial Number */ \
    ROW(0x3008, 0x0162, DA, D) /* Safe Position Exit Date */ \
    ROW(0x3008, 0x0164, TM, D) /* Safe Position Exit Time */ \
    ROW(0x3008, 0x0166, DA, D) /* Safe Position Return Date */ \
    ROW(0x3008, 0x0168, TM, D) /* Safe Position Return Time */ \
    ROW(0x3008, 0x0250, DA, X_D) /* Treatment Date */ \
    ROW(0x3008, 0x0251, TM, X_D) /* Treatment Time */ \
    ROW(0x300A, 0x0002, SH, D) /* RT Plan Label */ \
    ROW(0x300A, 0x0003, LO, X) /* RT Plan Name */ \
    ROW(0x300A, 0x0004, ST, X) /* RT Plan Description */ \
    ROW(0x300A, 0x0006, DA, X_D) /* RT Plan Date */ \
    ROW(0x300A, 0x0007, TM, X_D) /* RT Plan Time */ \
    ROW(0x300A, 0x000B, LO, X) /* Treatment Sites */ \
    ROW(0x300A, 0x000E, ST, X) /* Prescription Description */ \
    ROW(0x300A, 0x0013, UI, U) /* Dose Reference UID */ \
    ROW(0x300A, 0x0016, LO, X) /* Dose Reference Description */ \
    ROW(0x300A, 0x0072, LO, X) /* Fraction Group Description */ \
    ROW(0x300A, 0x0083, UI, U) /* Referenced Dose Reference UID */ \
    ROW(0x300A, 0x00B2, SH, X_Z) /* Treatment Machine Name */ \
    ROW(0x300A, 0x00C3, ST, X) /* Beam Description */ \
    ROW(0x300A, 0x00DD, ST, X) /* Bolus Description */ \
    ROW(0x300A, 0x0196, ST, X) /* Fixation Device Description */ \
    ROW(0x300A, 0x01A6, ST, X) /* Shielding Device Description */ \
    ROW(0x300A, 0x01B2, ST, X) /* Setup Technique Description */ \
    ROW(0x300A, 0x0216, LO, X) /* Source Manufacturer */ \
    ROW(0x300A, 0x022C, DA, D) /* Source Strength Reference Date */ \
    ROW(0x300A, 0x022E, TM, D) /* Source Strength Reference Time */ \
    ROW(0x300A, 0x02EB, LT, X) /* Compensator Description */ \
    ROW(0x300A, 0x0608, LO, D) /* Treatment Position Group Label */ \
    ROW(0x300A, 0x0609, UI, U) /* Treatment Position Group UID */ \
    ROW(0x300A, 0x0611, LO, Z) /* RT Accessory Holder Slot ID */ \
    ROW(0x300A, 0x0615, LO, Z) /* RT Accessory Device Slot ID */ \
    ROW(0x300A, 0x0619, LO, D) /* Radiation Dose Identification Label */ \
    ROW(0x300A, 0x0623, LO, D) /* Radiation Dose In-Vivo Measurement Label */ \
    ROW(0x300A, 0x062A, LO, D) /* RT Tolerance Set Label */ \
    ROW(0x300A, 0x0650, UI, U) /* Patient Setup UID */ \
    ROW(0x300A, 0x0676, ST, X) /* Equipment Frame of Reference Description */ \
    ROW(0x300A, 0x067C, SH, D) /* Radiation GenerationMode Label */ \
    ROW(0x300A, 0x067D, ST, Z) /* Radiation GenerationMode Description */ \
    ROW(0x300A, 0x0700, UI, U) /* Treatment Session UID */ \
    ROW(0x300A, 0x0734, ST, D) /* Treatment Tolerance Violation Description */ \
    ROW(0x300A, 0x0736, DT, D) /* Treatment Tolerance Violation DateTime */ \
    ROW(0x300A, 0x073A, DT, D) /* Recorded RT Control Point DateTime */ \
    ROW(0x300A, 0x0741, DT, D) /* Interlock DateTime */ \
    ROW(0x300A, 0x0742, ST, D) /* Interlock Description */ \
    ROW(0x300A, 0x0760, DT, D) /* Override DateTime */ \
    ROW(0x300A, 0x0783, ST, D) /* Interlock Origin Description */ \
    ROW(0x300A, 0x0785, UI, U) /* Referenced Treatment Position Group UID */ \
    ROW(0x300A, 0x078E, LT, X) /* Patient Treatment Preparation Procedure Parameter Description */ \
    ROW(0x300A, 0x0792, LT, X) /* Patient Treatment Preparation Method Description */ \
    ROW(0x300A, 0x0794, LT, X) /* Patient Setup Photo Description */ \
    ROW(0x300A, 0x079A, LO, X) /* Displacement Reference Label */ \
    ROW(0x300C, 0x0113, LO, X) /* Reason for Omission Description */ \
    ROW(0x300C, 0x0127, DT, D) /* Beam Hold Transition DateTime */ \
    ROW(0x300E, 0x0004, DA, Z) /* Review Date */ \
    ROW(0x300E, 0x0005, TM, Z) /* Review Time */ \
    ROW(0x300E, 0x0008, PN, X_Z) /* Reviewer Name */ \
    ROW(0x3010, 0x0006, UI, U) /* Conceptual Volume UID */ \
    ROW(0x3010, 0x000B, UI, U) /* Referenced Conceptual Volume UID */ \
    ROW(0x3010, 0x000F, ST, Z) /* Conceptual Volume Combination Description */ \
    ROW(0x3010, 0x0013, UI, U) /* Constituent Conceptual Volume UID */ \
    ROW(0x3010, 0x0015, UI, U) /* Source Conceptual Volume UID */ \
    ROW(0x3010, 0x0017, ST, Z) /* Conceptual Volume Description */ \
    ROW(0x3010, 0x001B, UC, Z) /* Device Alternate Identifier */ \
    ROW(0x3010, 0x002D, LO, D) /* Device Label */ \
    ROW(0x3010, 0x0031, UI, U) /* Referenced Fiducials UID */ \
    ROW(0x3010, 0x0033, SH, D) /* User Content Label */ \
    ROW(0x3010, 0x0034, LO, D) /* User Content Long Label */ \
    ROW(0x3010, 0x0035, SH, D) /* Entity Label */ \
    ROW(0x3010, 0x0036, LO, X) /* Entity Name */ \
    ROW(0x3010, 0x0037, ST, X) /* Entity Description */ \
    ROW(0x3010, 0x0038, LO, D) /* Entity Long Label */ \
    ROW(0x3010, 0x003B, UI, U) /* RT Treatment Phase UID */ \
    ROW(0x3010, 0x0043, ST, Z) /* Manufacturer's Device Identifier */ \
    ROW(0x3010, 0x004C, DA, X_D) /* Intended Phase Start Date */ \
    ROW(0x3010, 0x004D, DA, X_D) /* Intended Phase End Date */ \
    ROW(0x3010, 0x0054, LO, D) /* RT Prescription Label */ \
    ROW(0x3010, 0x0056, LO, X_D) /* RT Treatment Approach Label */ \
    ROW(0x3010, 0x005A, UT, Z) /* RT Physician Intent Narrative */ \
    ROW(0x3010, 0x005C, ST, Z) /* Reason for Superseding */ \
    ROW(0x3010, 0x0061, UT, X) /* Prior Treatment Dose Description */ \
    ROW(0x3010, 0x006E, UI, U) /* Dosimetric Objective UID */ \
    ROW(0x3010, 0x006F, UI, U) /* Referenced Dosimetric Objective UID */ \
    ROW(0x3010, 0x0077, LO, X_D) /* Treatment Site */ \
    ROW(0x3010, 0x007A, UT, Z) /* Treatment Technique Notes */ \
    ROW(0x3010, 0x007B, UT, Z) /* Prescription Notes */ \
    ROW(0x3010, 0x007F, UT, Z) /* Fractionation Notes */ \
    ROW(0x3010, 0x0081, SQ, Z) /* Prescription Notes Sequence */ \
    ROW(0x3010, 0x0085, TM, X) /* Intended Fraction Start Time */ \
    ROW(0x4000, 0x0010, LT, X) /* Arbitrary */ \
    ROW(0x4000, 0x4000, LT, X) /* Text Comments */ \
    ROW(0x4008, 0x0040, SH, X) /* Results ID */ \
    ROW(0x4008, 0x0042, LO, X) /* Results ID Issuer */ \
    ROW(0x4008, 0x0100, DA, X) /* Interpretation Recorded Date */ \
    ROW(0x4008, 0x0101, TM, X) /* Interpretation Recorded Time */ \
    ROW(0x4008, 0x0102, PN, X) /* Interpretation Recorder */ \
    ROW(0x4008, 0x0108, DA, X) /* Interpretation Transcription Date */ \
    ROW(0x4008, 0x0109, TM, X) /* Interpretation Transcription Time */ \
    ROW(0x4008, 0x010A, PN, X) /* Interpretation Transcriber */ \
    ROW(0x4008, 0x010B, ST, X) /* Interpretation Text */ \
    ROW(0x4008, 0x010C, PN, X) /* Interpretation Author */ \
    ROW(0x4008, 0x0111, SQ, X) /* Interpretation Approver Sequence */ \
    ROW(0x4008, 0x0112, DA, X) /* Interpretation Approval Date */ \
    ROW(0x4008, 0x0113, TM, X) /* Interpretation Approval Time */ \
    ROW(0x4008, 0x0114, PN, X) /* Physician Approving Interpretation */ \
    ROW(0x4008, 0x0115, LT, X) /* Interpretation Diagnosis Description */ \
    ROW(0x4008, 0x0118, SQ, X) /* Results Distribution List Sequence */ \
    ROW(0x4008, 0x0119, PN, X) /* Distribution Name */ \
    ROW(0x4008, 0x011A, LO, X) /* Distribution Address */ \
    ROW(0x4008, 0x0200, SH, X) /* Interpretation ID */ \
    ROW(0x4008, 0x0202, LO, X) /* Interpretation ID Issuer */ \
    ROW(0x4008, 0x0300, ST, X) /* Impressions */ \
    ROW(0x4008, 0x4000, ST, X) /* Results Comments */ \
    ROW(0xFFFA, 0xFFFA, SQ, X) /* Digital Signatures Sequence */ \
    ROW(0xFFFC, 0xFFFC, OB, X) /* Data Set Trailing Padding */
/* clang-format on */

#endif
